# ---
# jupyter:
#   labs:
#     concepts:
#       sm-corrupt-image: 'On trial: "augmentation makes the model robust"'
#       sm-rekognition: "At work: faces as vectors, a demonstration"
#     constants:
#       "0.1": "one of ten equally frequent kinds"
#       "1.0": "all of them"
#       "99 %": "AWS's advice, Rekognition developer guide, public safety considerations"
# ---

# %% [markdown]
# # Images: corrupt them before the world does
#
# > The model knows the shop's clean pictures. Phones blur them, turn them and take them in bad light. Do
# > corrupted copies in training help, and against what?
#
# **You will**
#
# - measure what corrupted copies gain for each kind of corruption, and what they cost on clean images;
# - find the [leak](../glossary.md#leak) that copies bring into a test;
# - search faces that are stored as vectors, and set a threshold for it.
#
# **You need** [Split](20_split.ipynb). **Data in:** 5,000 images of clothes, Fashion-MNIST ([data
# cards](../data.md)). **Data out:** nothing.
#
# | SageMaker term | here |
# |---|---|
# | Data Wrangler, `CorruptImage` | functions of a few lines with NumPy and SciPy |
# | Data Wrangler, `ResizeImage`, `Brightness`, `Rotate` | the same |
# | Rekognition collection | `Collection` of `labs_lib.prepare.faces`, on simulated faces |

# %%
from labs_lib.labs.prepare.images.exercises import lab

lab.start()

# %% [markdown]
# ## The situation
#
# A shop sorts pictures of clothes into ten kinds. Its model learned from studio pictures. Soon customers
# will send their own. A colleague proposes: "Add corrupted copies to the training images: noise, blur, weak
# contrast. *Augmentation* makes the model robust." To augment means to add changed copies that keep their
# labels.
#
# ## Predict
#
# We train a linear model on 1,500 clean images, or on these and a copy of each with noise, with blur and
# with weak contrast. An image and its three copies together weigh as much as the one clean image.
#
# New images test both. Three kinds of corruption there are those from training, seven are others. Will
# accuracy with corrupted copies be higher, lower, or is there [no difference
# shown](../glossary.md#no-difference-shown): in the mean of the three? In the mean of the seven? On clean
# images?

# %%
guess = ...  # kinds in training: "higher", "lower" or "no difference shown"
lab.seen.commit(guess)

# %%
guess = ...  # kinds not in training: "higher", "lower" or "no difference shown"
lab.unseen.commit(guess)

# %%
guess = ...  # clean: "higher", "lower" or "no difference shown"
lab.clean.commit(guess)

# %% [markdown]
# ## Ten ways to spoil an image
#
# An image here is 28 by 28 grey values, from 0 (black) to 1 (white). Three kinds of corruption will be used
# in training. They take all images at once, and a random generator for those that need one.

# %% tags=["trial"]
import numpy as np
from scipy import ndimage


def noise(images, rng, spread=0.25):
    """Add grain from a normal distribution; values stay from 0 to 1."""
    return (images + rng.normal(0, spread, images.shape)).clip(0, 1)


def blur(images, rng):
    """Mix each pixel with its neighbours."""
    return ndimage.gaussian_filter(images, (0, 1.5, 1.5))


def contrast(images, rng, factor=0.3):
    """Draw each image towards its own mean grey."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    return mean + factor * (images - mean)


def seen(images, rng):
    """Return the images in each kind that training may see."""
    return {
        "noise": noise(images, rng),
        "blur": blur(images, rng),
        "contrast": contrast(images, rng),
    }


# %% [markdown]
# Seven more are kept for the test. The first is a kind from training, twice as strong. *Dead pixels* turns
# one pixel in ten black or white. *Resized* keeps 7 by 7 pixels and blows them up again. The last covers
# the middle.


# %% tags=["trial"]
def unseen(x, rng):
    """Return the images in seven kinds that only the test shows."""
    small = x.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4))
    axis = np.abs(np.arange(28) - 13.5) < 5
    doubled = noise(x, rng, 0.5)
    dead, value = rng.random(x.shape) < 0.1, rng.integers(0, 2, x.shape)
    return {
        "noise, doubled": doubled,
        "dead pixels": np.where(dead, value, x),
        "resized": small.repeat(4, axis=1).repeat(4, axis=2),
        "brighter": (x + 0.3).clip(0, 1),
        "rotated": ndimage.rotate(x, 20, (2, 1), reshape=False, order=1),
        "shifted": ndimage.shift(x, (0, 3, 0), order=0),
        "covered": np.where(axis[:, None] & axis, 0, x),
    }


# %% [markdown]
# This is one boot, clean and in the ten ways:

# %%
from labs_lib import data, plots

images, labels = data.load_fashion()
one, draw = images[[1]] / 255, np.random.default_rng(0)
boots = {"clean": one} | seen(one, draw) | unseen(one, draw)

# %%
with plots.figure(
    title="One image and ten corruptions of it",
    x="",
    y="",
    alt="A boot eleven times: clean, noisy, blurred, pale, and in seven more ways.",
    size=(11, 2.4),
) as ax:
    ax.imshow(np.hstack([b[0] for b in boots.values()]), cmap="gray", vmin=0, vmax=1)
    ax.set_xticks(14 + 28 * np.arange(11), list(boots), rotation=30, ha="right")
    ax.set_yticks([], [])
    ax.grid(visible=False)

# %% [markdown]
# A copy keeps the label of its image. That has to be true.
#
# ### Exercise 1: may it keep its label?
#
# Which of these copies may keep the label of their image?
#
# - `a` house numbers, digit by digit: turn by half a circle
# - `b` clothes, the kind is wanted: mirror left and right
# - `c` street signs, left or right bend: mirror left and right
# - `d` tomatoes, ripe or not: make it grey
# - `e` house numbers, digit by digit: blur a little
# - `f` street signs, the speed limit: less contrast
# - `g` a square, how many people are on it: keep the upper half

# %% tags=["exercise"]
# BEGIN SOLUTION
keep = {"b", "e", "f"}
# END SOLUTION
lab.ex1.check(keep)

# %% [markdown]
# ## On trial: "augmentation makes the model robust"
#
# There are two arms. `clean`: 1,500 clean images. `corrupted`: these, and a copy of each in each of the
# three kinds. The test has 1,000 other images, split off before anything is copied.
#
# The model reduces the pixels to 40 summaries (PCA, learned from the arm's own rows). On these it is a
# logistic regression. We train it twice: on the `raw` pixels, and on `stretched` images, which all have the
# same mean grey and the same spread. By its formula, stretching undoes weak contrast exactly, without any
# copy.
#
# A colleague may object that `corrupted` has four times the rows, and more rows count more against the
# model's [penalty](../glossary.md#penalty). So the penalty is multiplied by the number of copies.

# %% tags=["trial"]
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from labs_lib import data


def stretched(images):
    """Give each image the same mean grey and the same spread."""
    mean = images.mean(axis=(1, 2), keepdims=True)
    return 0.3 * (images - mean) / images.std(axis=(1, 2), keepdims=True)


def classifier(copies):
    """Return a linear model of 40 summaries; an image's copies weigh as one image."""
    regression = LogisticRegression(C=1 / copies, solver="newton-cholesky")
    return make_pipeline(PCA(40, svd_solver="covariance_eigh"), regression)


def flat(parts):
    """Put the images of all parts below each other, a row of 784 pixels each."""
    return np.concatenate(parts).reshape(-1, 784)


def robustness(seed, pixels="raw"):
    """Train on clean images, or with corrupted copies; judge on each corruption."""
    images, labels = data.load_fashion()
    images = images / 255
    order = np.random.default_rng([seed, 2]).permutation(len(images))
    train, test = order[:1_500], order[1_500:2_500]
    draw, clean = np.random.default_rng([seed, 3]), images[train]
    view = {"raw": np.asarray, "stretched": stretched}[pixels]
    arms = {"clean": [clean], "corrupted": [clean, *seen(clean, draw).values()]}
    new = images[test]
    tests = {"clean": new} | seen(new, draw) | unseen(new, draw)
    found = {}
    for arm, parts in arms.items():
        shown, fitted = flat([view(part) for part in parts]), classifier(len(parts))
        fitted.fit(shown, np.tile(labels[train], len(parts)))
        for kind, pictures in tests.items():
            said = fitted.predict(flat([view(pictures)]))
            found[arm, kind, "accuracy"] = (said == labels[test]).mean()
            found[arm, kind, "commonest"] = np.bincount(said).max() / len(said)
    return found


# %% [markdown]
# Is that enough? Here each clean image stands there once, or four times. Both models answer for other
# images. This is the share on which they agree:

# %%
pixels = images.reshape(-1, 784) / 255
once = classifier(1).fit(pixels[::3], labels[::3])
again = classifier(4).fit(np.tile(pixels[::3], (4, 1)), np.tile(labels[::3], 4))
agree = (once.predict(pixels[1::3]) == again.predict(pixels[1::3])).mean()
print(round(agree, 2))

# %% [markdown]
# The number of rows alone changes nothing.{{!same}} What is left is the copies.
#
# The three questions were fixed before these splits were drawn. But other splits of the same 5,000 images
# were seen earlier, kind by kind, and `stretched` was added for what they showed.

# %%
rows = lab.trial(
    robustness,
    seeds=20,
    levels=("training", "kind", "measure"),
    settings={"pixels": ("raw", "stretched")},
)
rows.design(
    worlds="a random split of 5,000 real images",
    rows="1,500 images train, 1,000 others judge",
    measure="accuracy, high is good; corrupted minus clean, in pairs",
    yardstick="the shop's own labels. The three kinds have the same strength in "
    "training and test, which favours corrupted copies.",
)

# %% [markdown]
# **What to try.** Change `factor=0.3` in `contrast`, further up, to `factor=0.6`. Run its cell and the last
# one again. Yours stands beside the stored accuracy. The first row, of clean training under contrast, rises.
#
# First look at the arms. With ten kinds of clothes, equally frequent, guessing gets a tenth right.

# %%
import pandas as pd

views = ("raw", "stretched")
arms = {v: rows.wide("accuracy", pixels=v).mean().unstack(0) for v in views}
pd.concat(arms, axis=1).loc[list(boots)].round(2)

# %% [markdown]
# How much of the test gets the commonest answer? An even spread is 0.1; 1.0 is one answer for all.

# %%
common = {v: rows.wide("commonest", pixels=v).mean().unstack(0) for v in views}
pd.concat(common, axis=1).loc[list(boots)].round(2)

# %% [markdown]
# On clean images, no arm has collapsed.{{!arms}} Under weak contrast the model of raw clean pixels gives
# almost half of the images the same answer, and under rotation all four come near to that.{{!stuck}} Now
# the three that you predicted, on raw pixels:

# %%
from labs_lib import stats

trained = ["noise", "blur", "contrast"]
groups = {"seen": trained, "unseen": list(boots)[4:], "clean": ["clean"]}


def gain(kinds, pixels="raw", comparisons=11):
    """Compare corrupted with clean over the splits, in the mean of some kinds."""
    value = rows.wide("accuracy", pixels=pixels)
    pair = [value[arm][kinds].mean(axis=1) for arm in ("corrupted", "clean")]
    return stats.splits(*pair, n_train=1_500, n_test=1_000, comparisons=comparisons)


named = {name: gain(kinds, comparisons=3) for name, kinds in groups.items()}
stats.table(named)

# %%
lab.seen.reveal(named["seen"].verdict)

# %%
lab.unseen.reveal(named["unseen"].verdict)

# %%
lab.clean.reveal(named["clean"].verdict)

# %% [markdown]
# In the mean of the three kinds from training, accuracy changes by {{seen}}.{{!seen_up}} In the mean of the
# seven others it changes by {{unseen}}.{{!unseen_up}} On clean images it is {{clean}}: no price is shown,
# and the [interval](../glossary.md#interval) says how large one could be all the same.{{!clean_open}}
#
# A mean hides who is in it, and with seven other kinds it would be another one. Each kind by itself:

# %%
gains = {k: gain([k]) for k in boots}
stats.table(gains)

# %%
with plots.figure(
    title="Corrupted copies help against some kinds, seen or not",  # {{!picture}}
    x="accuracy, corrupted - clean (-1 to 1)",
    y="",
    alt="The gain is large for contrast, brighter and strong noise, small for noise; "
    "all other intervals reach zero.",
) as ax:
    plots.intervals(ax, gains)

# %% [markdown]
# Weak contrast, from training, gains {{contrast}}; for blur, from training too, no gain is shown. Two of
# the seven others gain: doubled noise, and brighter with {{brighter}}.{{!two}} So in training or not is not
# the border. Against rotated, shifted and covered images no gain is shown, and the intervals are too wide
# to exclude one.{{!geometry_open}}
#
# And on stretched images? On the left is what copies change there. On the right is what stretching changes
# by itself: stretched minus raw, both without copies.

# %%
even = {k: gain([k], "stretched", comparisons=22) for k in boots}
plain = [rows.wide("accuracy", pixels=v)["clean"] for v in ("stretched", "raw")]
size = {"n_train": 1_500, "n_test": 1_000, "comparisons": 22}
alone = {k: stats.splits(*[p[k] for p in plain], **size) for k in boots}
pd.DataFrame(
    {
        name: {
            k: f"{g.mean:+.3f} ({g.low:.3f} to {g.high:.3f})" for k, g in found.items()
        }
        for name, found in (("copies", even), ("stretching", alone))
    }
)

# %% [markdown]
# Against weak contrast and brighter, copies now gain nothing that is shown. Little is left to gain: in the
# first table, stretched clean training does as well there as on clean images.{{!undone}} What copies bought
# there, a line of code gives. It does not do so for all: against doubled noise, copies still gain
# {{doubled}}.{{!doubled_up}} No price of stretching is shown, but none is excluded: under blur its interval
# reaches far below zero.{{!stretch_price}}
#
# So say which corruptions you expect, and test each. "Robust" without "to what" is not a result.

# %% [markdown]
# ## Where it fails: copies first, split afterwards
#
# A colleague makes the copies, puts all rows into one table, and splits it at random. It is tidy, and no
# test row stands in training. But a copy of it does. We do it both ways with 1,000 images, and then ask for
# 1,000 images that neither has met. `nearest` answers with the label of its nearest training row.

# %% tags=["trial"]
from sklearn.neighbors import KNeighborsClassifier


def with_copies(images, labels, draw):
    """Return images and their corrupted copies as rows, with labels."""
    parts = [images, *seen(images, draw).values()]
    return flat(parts), np.tile(labels, len(parts))


def leaking(seed):
    """Split after copying, or before; what is promised, and what is kept?"""
    images, labels = data.load_fashion()
    images = images / 255
    order = np.random.default_rng(seed).permutation(len(images))
    draw = np.random.default_rng([seed, 1])
    own, new = order[:1_000], order[1_000:2_000]
    X, y = with_copies(images[own], labels[own], draw)
    new_X, new_y = with_copies(images[new], labels[new], draw)
    source = np.tile(np.arange(len(own)), 4)
    held = {
        "copies first": draw.permutation(len(X)) < len(X) // 4,
        "split first": source < len(own) // 4,
    }
    models = {"nearest": KNeighborsClassifier(1), "linear": classifier(4)}
    found = {}
    for way, test in held.items():
        for name, model in models.items():
            model.fit(X[~test], y[~test])
            found[name, way, "promised"] = model.score(X[test], y[test])
            found[name, way, "kept"] = model.score(new_X, new_y)
    return found


# %%
leaks = lab.trial(leaking, seeds=20, levels=("model", "way", "measure"))
told = {m: leaks.wide(m) for m in ("promised", "kept")}
pd.DataFrame({m: t.mean() for m, t in told.items()}).round(2)

# %%
size = {"n_train": 750, "n_test": 1_000, "comparisons": 4}
excess = {
    f"{model}, {way}": stats.splits(
        told["promised"][model][way], told["kept"][model][way], **size
    )
    for model in ("nearest", "linear")
    for way in ("copies first", "split first")
}
stats.table(excess)

# %% [markdown]
# With copies first, `nearest` promises {{nearest}} more than it keeps.{{!leak}} For `linear` it is {{linear}},
# less clear: the interval begins near zero.{{!linear_open}} With the split first, no difference is shown for
# either, and the intervals are wide.{{!honest}}
#
# ### Exercise 2: how much has leaked?
#
# `source[i]` says which image row `i` was made from; `test[i]` says whether the row is in the test. Return
# the share of test rows whose image is in training too, as itself or as a copy. Without test rows it is 0.


# %% tags=["exercise"]
# BEGIN SOLUTION
def leaked(source, test):
    """Return the share of test rows that have a relative in training."""
    if not test.any():
        return 0.0
    return np.isin(source[test], source[~test]).mean()


# END SOLUTION
lab.ex2.check(leaked)

# %% [markdown]
# ## At work: faces as vectors, a demonstration
#
# Images can also be searched: who is this? A *collection* of Amazon Rekognition stores a vector for each
# face, and not the image. To see errors we have to know who is who, so our faces are drawn by a program.
# What follows shows how the thing works, and is no result about Rekognition.
#
# The *embedding* turns an image into a vector. We learn two of them from 1,200 photographs of 200 invented
# persons: PCA, which summarizes pixels, and LDA, which looks for what differs between persons.

# %%
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from labs_lib.prepare import faces

who = np.repeat(np.arange(200), 6)
known = faces.photos(faces.people(200, seed=1)[who], seed=2).reshape(len(who), -1)
pca = PCA(40, whiten=True, svd_solver="covariance_eigh").fit(known)
lda = make_pipeline(
    PCA(80, svd_solver="covariance_eigh"), LinearDiscriminantAnalysis(n_components=15)
).fit(known, who)


def vectors(model, photos):
    """Return a vector for each photograph."""
    return model.transform(photos.reshape(len(photos), -1))


# %% [markdown]
# None of these 200 is used again. Four others are enrolled, three photographs each; one person's are taken
# in the dark.

# %%
members = faces.people(4, seed=3)
staff = faces.Collection(lambda photos: vectors(lda, photos), "staff")
for person in range(4):
    for shot in range(3):
        light = 0.3 if person == 3 else 1.0
        photo = faces.photos(
            members[[person]], seed=100 + 10 * person + shot, light=light
        )
        answer = staff.index_faces(photo[0], external_image_id=f"person {person}")
        reasons = answer["UnindexedFaces"]
print(len(staff), "faces stored; the last photograph:", reasons)

# %% [markdown]
# The quality filter of `IndexFaces` is on by default (AUTO). The dark photographs were not stored.{{!dark}}
# Now person 0 comes again. `Similarity` says how much a face is this person's. A *user vector* is made of
# several faces of one person.

# %%
visit = faces.photos(members[[0]], seed=99)[0]
for match in staff.search_faces_by_image(visit, face_match_threshold=80)["FaceMatches"]:
    print(match["Face"]["ExternalImageId"], round(match["Similarity"]))
staff.associate_faces("person 0", ["face-0001", "face-0002", "face-0003"])
user = staff.search_users_by_image(visit)["UserMatches"][0]
print(user["User"], round(user["Similarity"]))

# %% [markdown]
# The [threshold](../glossary.md#threshold) of a search is 80 by default. Is that right for these
# embeddings? 400 persons are enrolled and come back, and 400 strangers come. An error is either a *false
# non-match*, a member who is not recognized, or a stranger for whom the search finds somebody.


# %%
def search(model):
    """Return similarities: members to their own photograph, strangers to all."""
    enrolled, strangers = faces.people(400, seed=4), faces.people(400, seed=5)
    stored = vectors(model, faces.photos(enrolled, seed=6))
    back = vectors(model, faces.photos(enrolled, seed=7))
    visits = vectors(model, faces.photos(strangers, seed=8))
    own = np.diag(faces.similarity(back, stored))
    return own, faces.similarity(visits, stored)


found = {"PCA": search(pca), "LDA": search(lda)}
limits, sizes = np.arange(50, 100), np.array([10, 25, 50, 100, 200, 400])

# %%
errors, growing = [], []
for name, (own, strange) in found.items():
    wrong = (strange.max(axis=1)[:, None] >= limits).mean(axis=0)
    missed = (own[:, None] < limits).mean(axis=0)
    for error, share in (("stranger found", wrong), ("member missed", missed)):
        line = {"at": limits, "share": share, "error": f"{name}: {error}"}
        errors.append(pd.DataFrame(line))
    share = [(strange[:, :n] >= 80).any(axis=1).mean() for n in sizes]
    growing.append(pd.DataFrame({"at": sizes, "share": share, "error": name}))

# %%
with plots.figure(
    title="A threshold belongs to an embedding, and to a size",  # {{!figure}}
    x="similarity threshold (0 to 100)",
    y="share of searches (0 to 1)",
    alt="Left: a higher threshold finds fewer strangers and misses more members. "
    "Right: at 80, more strangers are found the larger the collection.",
    panels=2,
) as (left, right):
    plots.lines(left, pd.concat(errors), x="at", y="share", group="error")
    plots.lines(right, pd.concat(growing), x="at", y="share", group="error")
    right.set_xlabel("faces in the collection (count)")

# %% [markdown]
# At 80 and with 400 faces, LDA finds somebody for {{at80.lda}} of the strangers, and misses hardly a
# member. PCA finds somebody for {{at80.pca}}, and misses {{missed.pca}} of the members.{{!default_bad}} The
# same number means something else to each. So a default is no advice for another embedding than the one
# that it was made for.
#
# On the right the collection grows. Each further face is another chance to be wrong. If pairs were
# independent, each with an error of p, a search in n faces would fail with 1 - (1 - p)^n. For LDA at a
# threshold of 95:

# %%
strange = found["LDA"][1]
p = (strange >= 95).mean()
growth = pd.DataFrame({"faces": sizes, "by formula": 1 - (1 - p) ** sizes})
growth["measured"] = [(strange[:, :n] >= 95).any(axis=1).mean() for n in sizes]
growth.round(3)

# %% [markdown]
# The share grows with each size.{{!smaller}} With 400 faces the formula says {{formula.said}}, and
# {{formula.measured}} were measured.{{!formula_high}} The formula takes pairs as independent. Ours are not:
# all pairs of one stranger share a photograph.
#
# ### Exercise 3: set the threshold
#
# `alike` has a row for each stranger and a column for each stored face. Return the smallest whole
# threshold, from 0 to 100, at which the share of strangers for whom a search finds anybody is at most
# `limit`. A face that reaches the threshold exactly is found. No similarity in the cases is 100.


# %% tags=["exercise"]
# BEGIN SOLUTION
def lowest_threshold(alike, limit):
    """Return the smallest whole threshold that lets few enough strangers in."""
    best = np.max(alike, axis=1)
    for threshold in range(101):
        if (best >= threshold).mean() <= limit:
            return threshold


# END SOLUTION
lab.ex3.check(lowest_threshold)

# %% [markdown]
# ## On SageMaker
#
# The service has been called Amazon SageMaker AI since December 2024. Data Wrangler is part of SageMaker
# Canvas now. Its image transforms (`CorruptImage`, `ResizeImage`, `EnhanceImage`, `DropImageDuplicates` and
# others) are built on imgaug and OpenCV, and are previewed on a sample only. A transform of your own is a
# function from array to array, like those above. Rekognition, a service of its own, takes these requests:

# %%
from labs_lib import aws

photo = {"S3Object": {"Bucket": "example-bucket", "Name": "visit.png"}}
requests = {
    "CreateCollection": {"CollectionId": "staff"},
    "IndexFaces": {
        "CollectionId": "staff",
        "Image": photo,
        "ExternalImageId": "person-0",
        "MaxFaces": 1,
        "QualityFilter": "AUTO",
    },
    "SearchFacesByImage": {
        "CollectionId": "staff",
        "Image": photo,
        "FaceMatchThreshold": 99,
    },
}
[aws.validate(o, request, service="rekognition") for o, request in requests.items()]

# %% [markdown]
# `SearchFacesByImage` looks at the largest face of the image only, and filters no quality unless told.
# `Confidence` in an answer is that it is a face; `Similarity` that it is this face. For public safety AWS
# advises a threshold of 99 %, and for law enforcement a human review besides.
#
# ## What is not reproduced
#
# - `CorruptImage` itself: names and strengths of its parameters are not verified, so there is no request
#   here.
# - Colour, large images, and networks with convolutions. Other models may gain elsewhere, and pay another
#   price on clean images.
# - Finding faces in an image, and the network that makes the vectors. Our drawings are far easier.
# - Rekognition's similarity: how it is computed is not published. Ours is `50 * (1 + cosine)`; the limits
#   of our quality filter and the rule for user vectors are ours too. Its levels LOW, MEDIUM and HIGH are
#   left out.
#
# ## Takeaways
#
# - Augmentation helped our model against some corruptions, in training or not, and against others no gain
#   was shown.{{!takeaway}} Name the kinds you expect, and test each one.
# - First ask whether a corruption can be undone: stretching dealt with weak contrast without any
#   copy.{{!undone}}
# - Let an image and its copies weigh as much as the image, so that you do not test the number of rows.
# - Split first, copy afterwards. With `nearest`, the test promised more than was kept.{{!leak}}
# - A similarity threshold belongs to one embedding and one size of collection. Measure both errors.
#
# ## Quiz

# %%
lab.quiz()

# %% [markdown]
# ## Sources
#
# - Fashion-MNIST, (c) 2017 Zalando SE, MIT licence.
# - Image transforms: SageMaker AI developer guide, Canvas. Collections, limits, advice: Rekognition
#   developer guide.
# - Intervals over splits: Nadeau and Bengio (2003).

# %% tags=["facts", "nbval-check-output"]
from labs_lib.course.facts import Fact

raw, even_arms = arms["raw"], arms["stretched"]
lab.facts(
    digits=2,
    arms=min(raw.loc["clean"].min(), even_arms.loc["clean"].min()) > 0.75
    and max(c.loc["clean"].max() for c in common.values()) < 0.15,
    same=agree > 0.995,
    stuck=0.4 < common["raw"].loc["contrast", "clean"] < 0.5
    and all(0.38 < v < 0.52 for c in common.values() for v in c.loc["rotated"]),
    seen=named["seen"],
    seen_up=named["seen"].low > 0.03,
    unseen=named["unseen"],
    unseen_up=named["unseen"].low > 0.01,
    clean=Fact(named["clean"], digits=3, tolerance=0.003),
    clean_open=named["clean"].low < -0.003 < 0.003 < named["clean"].high,
    picture={k for k, g in gains.items() if g.low > 0.003}
    == {"noise", "contrast", "noise, doubled", "brighter"}
    and min(gains[k].mean for k in ("contrast", "brighter", "noise, doubled"))
    > 2 * gains["noise"].mean,
    contrast=gains["contrast"],
    brighter=gains["brighter"],
    two=gains["contrast"].low > 0.03
    and gains["blur"].low < -0.002
    and {k for k in groups["unseen"] if gains[k].low > 0.003}
    == {"noise, doubled", "brighter"}
    and max(gains[k].low for k in groups["unseen"][1:3] + groups["unseen"][4:])
    < -0.002,
    geometry_open=all(
        gains[k].low < -0.01 and gains[k].high > 0.04
        for k in ("rotated", "shifted", "covered")
    ),
    undone=max(
        abs(even_arms.loc[k, "clean"] - even_arms.loc["clean", "clean"])
        for k in ("contrast", "brighter")
    )
    < 0.01
    and all(
        even[k].low < -0.003 and even[k].high > 0.002 for k in ("contrast", "brighter")
    ),
    doubled=even["noise, doubled"],
    doubled_up=even["noise, doubled"].low > 0.05,
    stretch_price=all(g.high > 0.002 for g in alone.values())
    and alone["blur"].low < -0.05,
    nearest=excess["nearest, copies first"],
    leak=excess["nearest, copies first"].verdict == "higher",
    linear=excess["linear, copies first"],
    linear_open=abs(excess["linear, copies first"].low) < 0.01
    and excess["linear, copies first"].mean
    < excess["nearest, copies first"].mean - 0.04,
    honest=all(
        excess[f"{m}, split first"].verdict == "no difference shown"
        for m in ("nearest", "linear")
    ),
    dark=len(staff) == 9 and reasons[0]["Reasons"][0] == "LOW_BRIGHTNESS",
    at80={
        "pca": Fact(
            (found["PCA"][1] >= 80).any(axis=1).mean(), digits=3, tolerance=0.006
        ),
        "lda": Fact(
            (found["LDA"][1] >= 80).any(axis=1).mean(), digits=3, tolerance=0.006
        ),
    },
    missed={"pca": Fact((found["PCA"][0] < 80).mean(), digits=3, tolerance=0.006)},
    default_bad=(found["LDA"][1] >= 80).any(axis=1).mean() > 0.9
    and 0.1 < (found["PCA"][1] >= 80).any(axis=1).mean() < 0.4
    and (found["PCA"][0] < 80).mean() > 0.25
    and (found["LDA"][0] < 80).mean() < 0.02,
    figure=all((np.diff(line["share"]) > 0).all() for line in growing),
    smaller=(growth["measured"].diff().dropna() > 0).all(),
    formula={
        "said": Fact(growth["by formula"].iloc[-1], digits=3, tolerance=0.006),
        "measured": Fact(growth["measured"].iloc[-1], digits=3, tolerance=0.006),
    },
    formula_high=growth["by formula"].iloc[-1] > growth["measured"].iloc[-1] + 0.05,
    takeaway=gains["brighter"].low > 0.03 and gains["covered"].low < -0.01,
)
