//! What cannot be read is named, and the rest goes on.

use std::fs;

use expect_test::expect;

use crate::folder::{Folder, MIXED, check_refused, git};

#[test]
fn a_file_in_another_encoding_is_named_and_the_rest_goes_on() {
    let folder = Folder::new();
    let plain = folder.files("plain", "//- good.py\nx = 1\n");
    fs::write(plain.join("latin.py"), b"# caf\xe9\n").expect("writable");
    let output = folder.run(&[&plain], &[]);
    assert_eq!(output.status.code(), Some(1));
    expect![[r#"
        keep plain:good.py
        unreadable plain:latin.py (not UTF-8 text)
    "#]]
    .assert_eq(&folder.fates());
}

#[test]
fn a_damaged_blob_is_named_and_a_sound_copy_elsewhere_is_kept() {
    let folder = Folder::new();
    let fixture = "//- a.py\nshared = 1\n//- b.py\nother = 2\n";
    let damaged = folder.repository("damaged.git", fixture);
    let sound = folder.repository("sound.git", fixture);
    let blob = git(&damaged, &["rev-parse", "HEAD:a.py"]);
    let object = damaged.join("objects").join(&blob[..2]).join(&blob[2..]);
    let mut content = fs::read(&object).expect("a loose object");
    content.truncate(content.len() - 8);
    fs::remove_file(&object).expect("git makes it read-only");
    fs::write(&object, content).expect("writable");
    let output = folder.run(&[&damaged, &sound], &[]);
    assert_eq!(output.status.code(), Some(1));
    expect![[r#"
        keep damaged:b.py
        keep sound:a.py
        drop duplicate (null) sound:b.py
        unreadable damaged:a.py (damaged object)
    "#]]
    .assert_eq(&folder.fates());
}

#[test]
fn a_damaged_pack_costs_its_own_repository_alone() {
    let folder = Folder::new();
    let damaged = folder.repository("damaged.git", MIXED);
    git(&damaged, &["gc", "--quiet"]);
    let pack = fs::read_dir(damaged.join("objects/pack"))
        .expect("packed")
        .map(|entry| entry.expect("packed").path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "pack")
        })
        .expect("packed");
    let mut content = fs::read(&pack).expect("packed");
    content[12..].fill(0);
    fs::remove_file(&pack).expect("git makes it read-only");
    fs::write(&pack, content).expect("writable");
    let plain = folder.files("plain", "//- good.py\nx = 1\n");
    let output = folder.run(&[&damaged, &plain], &[]);
    assert_eq!(output.status.code(), Some(1));
    expect![[r#"
        keep plain:good.py
        unreadable /damaged.git:null (HEAD leads to no commit (an empty or damaged repository?))
    "#]]
    .assert_eq(&folder.fates());
    assert_eq!(folder.summary()["unreadable_inputs"], 1);

    // With nothing else to read there is no result.
    let output = folder.run(&[&damaged], &["--force"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(folder.summary()["kept"]["files"], 1, "the old result stays");
}

#[test]
fn what_cannot_run_says_why() {
    let folder = Folder::new();
    let plain = folder.files("plain", "//- good.py\nx = 1\n");
    check_refused(
        &folder,
        &[&folder.at("nowhere")],
        &[],
        expect![[r#"
            data-filter: cannot read the input /nowhere: No such file or directory (os error 2)
        "#]],
    );
    check_refused(
        &folder,
        &[&plain.join("good.py")],
        &[],
        expect![[r#"
            data-filter: /plain/good.py is a file; an input is a directory of sources or a git repository
        "#]],
    );
    let list = folder.at("plain/good.py");
    check_refused(
        &folder,
        &[&plain],
        &["--repos", list.to_str().expect("UTF-8")],
        expect![[r#"
            data-filter: in the list /plain/good.py: the first line must name tab-separated columns, `repository` among them; `commit` and `licence` are used where present
        "#]],
    );
    let bare = folder.repository("one.git", "//- a.py\nx = 1\n");
    check_refused(
        &folder,
        &[&bare],
        &["--rev", "no-such-branch"],
        expect![[r#"
            data-filter: no input could be read; /one.git: no commit `no-such-branch`: couldn't parse revision, input="no-such-branch^{commit}": Reference "no-such-branch" could not be found: NotFound
        "#]],
    );
    fs::remove_dir_all(folder.at("out")).expect("made by the runs above");
    fs::write(folder.at("out"), "a file in the way").expect("writable");
    check_refused(
        &folder,
        &[&plain],
        &[],
        expect![[r#"
            data-filter: cannot make the directory /out: File exists (os error 17)
        "#]],
    );
}

#[test]
#[cfg(unix)]
fn links_are_not_followed_so_loops_end() {
    let folder = Folder::new();
    let plain = folder.files("plain", "//- dir/good.py\nx = 1\n");
    std::os::unix::fs::symlink(&plain, plain.join("dir/loop")).expect("writable");
    std::os::unix::fs::symlink("good.py", plain.join("dir/again.py")).expect("writable");
    std::os::unix::fs::symlink("nowhere", plain.join("dir/broken.py")).expect("writable");
    assert_eq!(folder.run(&[&plain], &[]).status.code(), Some(0));
    expect![[r#"
        keep plain:dir/good.py
    "#]]
    .assert_eq(&folder.fates());
}
