"""Paths with spaces and letters of other scripts. Courses and tables: `test_kills`."""

import pytest

from labs_lib import sagemaker
from labs_lib.course import bundle

from ..course.conftest import tiny  # noqa: F401 - a fixture
from ..course.test_bundle import course, fresh  # noqa: F401 - fixtures

NAMES = ["with spaces", "Ä é ß", "課程 курс دورة", "a'b & c; $(d) %e%", "🙂"]


@pytest.mark.parametrize("name", NAMES)
def test_the_target_of_a_bundle(course, fresh, tmp_path, name):  # noqa: F811
    bundle.make(tmp_path / name)
    assert bundle.read_manifest(tmp_path / name)
    assert (tmp_path / name / "INSTALL.md").exists()


@pytest.mark.parametrize("name", NAMES[2:4])
def test_the_folder_of_a_sagemaker(tmp_path, name):
    for expected in ([], ["kept"]):
        with sagemaker.start(tmp_path / name / name) as local:
            s3 = local.client("s3")
            assert [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]] == expected
            if not expected:
                s3.create_bucket(Bucket="kept")
            s3.put_object(Bucket="kept", Key=f"{name}/ключ", Body=name.encode())
            found = s3.get_object(Bucket="kept", Key=f"{name}/ключ")["Body"].read()
            assert found == name.encode()
