use super::*;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile { path: path.to_owned(), text: text.to_owned() }
}

fn live(revisions: &Revisions, path: &str) -> Option<String> {
    fs::read_to_string(revisions.live().join(path)).ok()
}

#[test]
fn the_first_revision_is_empty_and_a_promoted_one_decides_when_it_is_pointed_to() {
    let data = tempfile::tempdir().unwrap();
    let revisions = Revisions::open(data.path()).unwrap();
    assert_eq!(revisions.current().unwrap(), 0);
    revisions.stage("p-1", &[file("slo/a.yaml", "one")]).unwrap();
    assert_eq!(revisions.promote("p-1").unwrap(), 1);
    assert_eq!(live(&revisions, "slo/a.yaml"), None);
    revisions.point_to(1).unwrap();
    assert_eq!(live(&revisions, "slo/a.yaml").as_deref(), Some("one"));
}

#[test]
fn a_new_process_finds_what_decided_and_forgets_plans() {
    let data = tempfile::tempdir().unwrap();
    let revisions = Revisions::open(data.path()).unwrap();
    revisions.stage("p-1", &[file("a.yaml", "one")]).unwrap();
    revisions.promote("p-1").unwrap();
    revisions.point_to(1).unwrap();
    revisions.stage("p-2", &[file("a.yaml", "two")]).unwrap();
    let again = Revisions::open(data.path()).unwrap();
    assert_eq!(again.current().unwrap(), 1);
    assert_eq!(live(&again, "a.yaml").as_deref(), Some("one"));
    assert!(again.promote("p-2").is_err());
}

#[test]
fn an_older_revision_comes_back_under_a_new_number() {
    let data = tempfile::tempdir().unwrap();
    let revisions = Revisions::open(data.path()).unwrap();
    for (id, text) in [("p-1", "one"), ("p-2", "two")] {
        revisions.stage(id, &[file("d/a.yaml", text)]).unwrap();
        let number = revisions.promote(id).unwrap();
        revisions.point_to(number).unwrap();
    }
    assert_eq!(revisions.repeat(1).unwrap(), Some(3));
    revisions.point_to(3).unwrap();
    assert_eq!(live(&revisions, "d/a.yaml").as_deref(), Some("one"));
    assert_eq!(revisions.repeat(77).unwrap(), None);
}

#[test]
fn old_revisions_are_forgotten_but_never_the_one_that_decides() {
    let data = tempfile::tempdir().unwrap();
    let revisions = Revisions::open(data.path()).unwrap();
    for number in 1..=60 {
        let id = format!("p-{number}");
        revisions.stage(&id, &[file("a.yaml", "x")]).unwrap();
        revisions.promote(&id).unwrap();
    }
    revisions.point_to(3).unwrap();
    revisions.forget().unwrap();
    let kept: Vec<u32> = revisions.list().unwrap().iter().map(|it| it.number).collect();
    assert_eq!((kept.len(), kept[0], kept[1]), (51, 3, 11));
}

#[test]
fn no_path_leaves_the_folder() {
    for path in
        ["", "/etc/x.yaml", "../x.yaml", "a/../../x.yaml", ".git/x.yaml", "a/.x.yaml", "a\\b.yaml"]
    {
        assert!(path_problem(path).is_some(), "{path}");
    }
    assert_eq!(path_problem("x.sh"), Some("a configuration has .yaml, .yml and .md files"));
    for path in ["a.yaml", "slo/checkout.yml", "runbooks/slow query.md"] {
        assert_eq!(path_problem(path), None, "{path}");
    }
}
