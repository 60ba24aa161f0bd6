//! `data-filter cat`.

use std::process::Stdio;

use expect_test::expect;

use crate::folder::{Folder, data_filter};

#[test]
fn cat_prints_records_or_the_fields_asked_for() {
    let folder = Folder::new();
    let plain = folder.files("plain", "//- a.py\nx = 1\n//- b.py\ny = '\\n'\n");
    folder.run(&[&plain], &[]);
    let cat = |flags: &[&str]| {
        let output = data_filter()
            .arg("cat")
            .arg(folder.at("out"))
            .args(flags)
            .output()
            .expect("the binary was built for this test");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    expect![[r#"
        {"repo":"plain","commit":null,"path":"a.py","blob":"7d4290a117a4ddcc11daae7ea675841033830c8f","licence":null,"bytes":6,"text":"x = 1\n"}
    "#]]
    .assert_eq(&cat(&[]));
    expect![[r#"
        {"text":"x = 1\n","path":"a.py"}
    "#]]
    .assert_eq(&cat(&["--fields", "text,path"]));
    expect![[r#"
        data-filter: there is no field `size`; a record has repo, commit, path, blob, licence, bytes, text
    "#]]
    .assert_eq(&cat(&["--fields", "size"]));
}

#[test]
fn cat_ends_well_when_its_reader_has_seen_enough() {
    let folder = Folder::new();
    let plain = folder.files("plain", &format!("//- a.py\n{}", "x = 1\n".repeat(100_000)));
    folder.run(&[&plain], &[]);
    let mut cat = data_filter()
        .arg("cat")
        .arg(folder.at("out"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary was built for this test");
    drop(cat.stdout.take());
    let output = cat.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(output.stderr.is_empty());
}
