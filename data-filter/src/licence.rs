//! The licence of a repository, told from the text of its licence file.

/// Names a licence file may have, in the order they are looked for, in lower case and without
/// extension.
const NAMES: [&str; 6] = [
    "license",
    "licence",
    "copying",
    "unlicense",
    "license-mit",
    "license-apache",
];

/// How well a file name at the root of a repository fits a licence file: smaller is better.
pub fn rank(file_name: &str) -> Option<usize> {
    let name = file_name.to_ascii_lowercase();
    let stem = [".txt", ".md", ".rst"]
        .iter()
        .find_map(|extension| name.strip_suffix(extension))
        .unwrap_or(&name);
    NAMES.iter().position(|known| *known == stem)
}

/// The SPDX id of a licence text, or of the id it states itself; `None` where unsure.
pub fn detect(text: &str) -> Option<String> {
    if let Some((_, stated)) = text.split_once("SPDX-License-Identifier:") {
        let id = stated.lines().next().unwrap_or("").trim();
        if !id.is_empty() {
            return Some(id.to_owned());
        }
    }
    let words = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .to_lowercase();
    let has = |phrase: &str| words.contains(phrase);
    let id = if has("apache license") && has("version 2.0") {
        "Apache-2.0"
    } else if has("mozilla public license") && has("2.0") {
        "MPL-2.0"
    } else if has("gnu affero general public license") && has("version 3") {
        "AGPL-3.0"
    } else if has("gnu lesser general public license") && has("version 3") {
        "LGPL-3.0"
    } else if has("gnu lesser general public license") && has("version 2.1") {
        "LGPL-2.1"
    } else if has("gnu general public license") && has("version 3") {
        "GPL-3.0"
    } else if has("gnu general public license") && has("version 2") {
        "GPL-2.0"
    } else if has("this is free and unencumbered software released into the public domain") {
        "Unlicense"
    } else if has("permission is hereby granted, free of charge, to any person obtaining a copy") {
        "MIT"
    } else if has("permission to use, copy, modify, and/or distribute this software") {
        "ISC"
    } else if has("redistribution and use in source and binary forms") {
        if has("endorse or promote products") {
            "BSD-3-Clause"
        } else {
            "BSD-2-Clause"
        }
    } else {
        return None;
    };
    Some(id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{detect, rank};
    use expect_test::{Expect, expect};

    #[track_caller]
    fn check_licence(text: &str, expected: Expect) {
        expected.assert_eq(detect(text).as_deref().unwrap_or("unknown"));
    }

    #[test]
    fn licences_are_told_by_their_own_sentences() {
        check_licence(
            "Copyright (c) 2020 Somebody\n\nPermission is hereby granted, free of\ncharge, to any person obtaining a copy",
            expect!["MIT"],
        );
        check_licence(
            "   Apache License\n   Version 2.0, January 2004",
            expect!["Apache-2.0"],
        );
        check_licence(
            "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007",
            expect!["GPL-3.0"],
        );
        check_licence(
            "GNU LESSER GENERAL PUBLIC LICENSE\nVersion 3\n as the GNU General Public License",
            expect!["LGPL-3.0"],
        );
        check_licence("All rights reserved.", expect!["unknown"]);
    }

    #[test]
    fn the_two_bsd_licences_differ_in_one_clause() {
        let two = "Redistribution and use in source and binary forms, with or without";
        check_licence(two, expect!["BSD-2-Clause"]);
        check_licence(
            &format!("{two}\nmay be used to endorse or promote products"),
            expect!["BSD-3-Clause"],
        );
    }

    #[test]
    fn a_stated_id_is_taken_as_it_stands() {
        check_licence(
            "SPDX-License-Identifier: MIT OR Apache-2.0\n",
            expect!["MIT OR Apache-2.0"],
        );
    }

    #[test]
    fn licence_files_are_known_by_name() {
        assert_eq!(rank("LICENSE"), Some(0));
        assert_eq!(rank("Licence.TXT"), Some(1));
        assert_eq!(rank("license.py"), None);
    }
}
