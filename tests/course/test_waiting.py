from labs_lib.course.waiting import waiting


def test_a_learner_sees_what_is_computed_and_others_nothing(monkeypatch, capsys):
    monkeypatch.setenv("LABS_MODE", "learn")
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich then takes the output for a terminal
    with waiting("one seed runs again"):
        pass
    assert "one seed runs again" in capsys.readouterr().out
    monkeypatch.setenv("LABS_MODE", "build")
    with waiting("one seed runs again"):
        pass
    assert capsys.readouterr().out == ""
