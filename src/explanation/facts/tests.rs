use super::super::study::{Meant, Study};

/// Code as it is while somebody types it.
#[test]
fn every_beginning_of_a_file_can_be_explained() {
    let text = include_str!("../../../tests/samples/inventory.py");
    let mut n_functions = 0;
    for (at, _) in text.char_indices().step_by(11) {
        let typed = &text[..at];
        let all = Meant::All { nested: true };
        n_functions += Study::of("a.py", typed, &all).map_or(0, |study| study.functions.len());
        // What stands behind the cursor is still there.
        let gap = format!("{typed}\n{}", text.get(at + 40..).unwrap_or_default());
        let _ = Study::of("a.py", &gap, &Meant::At(at..at));
    }
    assert!(n_functions > 100, "{n_functions}");
}

#[test]
fn facts_are_json_with_the_names_of_their_fields() {
    let study =
        Study::of("a.py", "def f(x):\n    return x\n", &Meant::At(0..0)).expect("a function");
    let json = serde_json::to_value(&study.functions[0].facts).expect("JSON");
    let keys: Vec<&str> = json
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    expect_test::expect!["asserts callers calls catches complexity decorators docstring effects flow is_async is_generator kind line lines loops n_statements name nests parameters qualified_name raises reaches_end return_annotation returns yields"].assert_eq(&keys.join(" "));
}
