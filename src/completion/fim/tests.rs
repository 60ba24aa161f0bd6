use expect_test::{Expect, expect};

use super::*;

#[cfg(feature = "llama")]
mod vocabularies;

/// A vocabulary of nothing but special tokens; ordinary text is one token a byte, from 1000 on.
struct Vocabulary(Vec<String>);

impl Tokenizer for Vocabulary {
    fn tokenize(&self, text: &str) -> Vec<Token> {
        text.bytes().map(|byte| 1000 + Token::from(byte)).collect()
    }
    fn bytes(&self, _: Token) -> &[u8] {
        &[]
    }
    fn special(&self, spelling: &str) -> Option<Token> {
        let at = self.0.iter().position(|known| known == spelling)?;
        Some(at as Token)
    }
    fn fim_tokens(&self) -> crate::model::FimTokens {
        crate::model::FimTokens::default()
    }
    fn bos(&self) -> Option<Token> {
        self.special("<bos>")
    }
}

impl Vocabulary {
    fn of(specials: &str) -> Vocabulary {
        Vocabulary(specials.split(' ').map(str::to_owned).collect())
    }

    fn show(&self, tokens: &[Token]) -> String {
        let mut bytes = Vec::new();
        for &token in tokens {
            match self.0.get(token as usize) {
                Some(special) => bytes.extend_from_slice(special.as_bytes()),
                None => bytes.push((token - 1000) as u8),
            }
        }
        String::from_utf8(bytes).expect("the test's text is text")
    }
}

/// The prompt for `a.py` with `PRE` before the cursor and `SUF` behind it, beside another file.
fn prompt(fim: &Fim, vocabulary: &Vocabulary) -> String {
    let text = |text: &str| vocabulary.tokenize(text);
    let mut before = Vec::new();
    if let Some(header) = &fim.repo_header {
        before.extend(header.token);
        before.extend(text(&header.text("repo")));
    }
    if let Some(header) = &fim.file_header {
        before.extend(header.token);
        before.extend(text(&header.text("b.py")));
        before.extend(text("OTHER\n"));
        before.extend(fim.file_end);
    }
    let own = fim.place_header("a.py");
    before.extend(own.before);
    before.extend(text(&own.text_before));
    let mut prefix: Vec<Token> = own.inside.into_iter().collect();
    prefix.extend(text(&format!("{}{}PRE", fim.lead, own.text_inside)));
    let tokens = fim.assemble(vocabulary.bos(), &before, &prefix, &text("SUF"));
    vocabulary.show(&tokens.tokens)
}

/// The format chosen for a vocabulary with these special tokens and keys, how it was recognised,
/// the prompt, and the tokens that end the answer.
#[track_caller]
fn check(specials: &str, info: ModelInfo, expected: Expect) {
    let vocabulary = Vocabulary::of(specials);
    let fim = Fim::choose(None, &info, &vocabulary).expect("no format of the user's");
    let shown = fim.map_or("left to right\n".to_owned(), |fim| {
        let stops = fim.stops.iter().map(|&stop| vocabulary.show(&[stop]));
        format!(
            "{}, by {}\n{}\nstops {}\n",
            fim.describe(),
            fim.recognised,
            prompt(&fim, &vocabulary),
            stops.collect::<Vec<_>>().join(" ")
        )
    });
    expected.assert_eq(&shown);
}

fn pre(pre_tokenizer: &str) -> ModelInfo {
    ModelInfo {
        pre_tokenizer: pre_tokenizer.to_owned(),
        ..ModelInfo::default()
    }
}

const QWEN: &str = "<|endoftext|> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> \
                    <|repo_name|> <|file_sep|> <|im_start|> <|im_end|>";
const STARCODER: &str = "<|endoftext|> <fim_prefix> <fim_middle> <fim_suffix> <fim_pad> <filename> <gh_stars> <reponame>";

#[test]
fn qwen() {
    check(
        QWEN,
        pre("qwen2"),
        expect![[r#"
        Qwen-Coder (prefix, suffix, middle), by its special tokens
        <|repo_name|>repo
        <|file_sep|>b.py
        OTHER
        <|file_sep|>a.py
        <|fim_prefix|>PRE<|fim_suffix|>SUF<|fim_middle|>
        stops <|fim_pad|> <|repo_name|> <|file_sep|> <|im_start|> <|im_end|> <|fim_prefix|> <|fim_suffix|> <|fim_middle|>
    "#]],
    );
}

#[test]
fn ours_and_what_is_tuned_from_it_under_another_name() {
    let info = |order: &str| ModelInfo {
        name: "my-tune".to_owned(),
        fim_order: Some(order.to_owned()),
        ..pre("superbpe")
    };
    check(
        QWEN,
        info("spm"),
        expect![[r#"
        Midfill (suffix, prefix, middle), by its special tokens and the key midfill.fim_order
        <|repo_name|>repo
        <|file_sep|>b.py
        OTHER
        <|fim_suffix|>SUF<|fim_prefix|><|file_sep|>a.py
        PRE<|fim_middle|>
        stops <|fim_pad|> <|repo_name|> <|file_sep|> <|fim_prefix|> <|fim_suffix|> <|fim_middle|>
    "#]],
    );
    check(
        QWEN,
        info("psm"),
        expect![[r#"
        Midfill (prefix, suffix, middle), by its special tokens and the key midfill.fim_order
        <|repo_name|>repo
        <|file_sep|>b.py
        OTHER
        <|fim_prefix|><|file_sep|>a.py
        PRE<|fim_suffix|>SUF<|fim_middle|>
        stops <|fim_pad|> <|repo_name|> <|file_sep|> <|fim_prefix|> <|fim_suffix|> <|fim_middle|>
    "#]],
    );
}

#[test]
fn codegemma() {
    check(
        "<bos> <|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|file_separator|>",
        pre("default"),
        expect![[r#"
            CodeGemma (prefix, suffix, middle), by its special tokens
            <bos>b.py
            OTHER
            <|file_separator|>a.py
            <|fim_prefix|>PRE<|fim_suffix|>SUF<|fim_middle|>
            stops <|file_separator|> <|fim_prefix|> <|fim_suffix|> <|fim_middle|>
        "#]],
    );
}

#[test]
fn starcoder_2() {
    check(
        "<|endoftext|> <fim_prefix> <fim_middle> <fim_suffix> <fim_pad> <repo_name> <file_sep>",
        pre("starcoder"),
        expect![[r#"
            StarCoder2 (prefix, suffix, middle), by its special tokens
            <repo_name>repo<file_sep>b.py
            OTHER
            <file_sep><fim_prefix>a.py
            PRE<fim_suffix>SUF<fim_middle>
            stops <fim_pad> <repo_name> <file_sep> <fim_prefix> <fim_suffix> <fim_middle>
        "#]],
    );
}

#[test]
fn families_with_the_tokens_of_starcoder() {
    check(
        STARCODER,
        pre("starcoder"),
        expect![[r#"
        StarCoder (prefix, suffix, middle), by its special tokens
        <reponame>repo<filename>b.py
        OTHER
        <fim_prefix><filename>a.py
        PRE<fim_suffix>SUF<fim_middle>
        stops <fim_pad> <reponame> <filename> <gh_stars> <fim_prefix> <fim_suffix> <fim_middle>
    "#]],
    );
    check(
        STARCODER,
        pre("refact"),
        expect![[r#"
        Granite Code or Refact (prefix, suffix, middle), by its special tokens and the key tokenizer.ggml.pre
        <reponame>repo<filename>b.py
        OTHER
        <fim_prefix><filename>a.py
        PRE<fim_suffix>SUF<fim_middle>
        stops <fim_pad> <reponame> <filename> <gh_stars> <fim_prefix> <fim_suffix> <fim_middle>
    "#]],
    );
    check(
        STARCODER,
        pre("mellum"),
        expect![[r#"
        Mellum (suffix, prefix, middle), by its special tokens and the key tokenizer.ggml.pre
        <filename>b.py
        OTHER
        <filename>a.py
        <fim_suffix>SUF<fim_prefix>PRE<fim_middle>
        stops <fim_pad> <filename> <reponame> <gh_stars> <fim_prefix> <fim_suffix> <fim_middle>
    "#]],
    );
    check(
        "<|endoftext|> <fim_prefix> <fim_middle> <fim_suffix> <fim_pad>",
        pre("default"),
        expect![[r#"
            StableCode (prefix, suffix, middle), by its special tokens
            <fim_prefix>PRE<fim_suffix>SUF<fim_middle>
            stops <fim_pad> <fim_prefix> <fim_suffix> <fim_middle>
        "#]],
    );
}

#[test]
fn granite_4() {
    check(
        "<|fim_prefix|> <|fim_middle|> <|fim_suffix|> <|fim_pad|> <|start_of_role|>",
        pre("dbrx"),
        expect![[r#"
            Granite 4 (prefix, suffix, middle), by its special tokens
            <|fim_prefix|>PRE<|fim_suffix|>SUF<|fim_middle|>
            stops <|fim_pad|> <|start_of_role|> <|fim_prefix|> <|fim_suffix|> <|fim_middle|>
        "#]],
    );
}

#[test]
fn santacoder() {
    check(
        "<|endoftext|> <fim-prefix> <fim-middle> <fim-suffix> <fim-pad>",
        pre("default"),
        expect![[r#"
            SantaCoder (prefix, suffix, middle), by its special tokens
            <fim-prefix>PRE<fim-suffix>SUF<fim-middle>
            stops <fim-pad> <fim-prefix> <fim-suffix> <fim-middle>
        "#]],
    );
}

#[test]
fn deepseek_gets_its_first_token_though_the_vocabulary_asks_for_none() {
    check(
        "<｜begin▁of▁sentence｜> <｜fim▁hole｜> <｜fim▁begin｜> <｜fim▁end｜> <|EOT|>",
        pre("deepseek-coder"),
        expect![[r#"
            DeepSeek-Coder (prefix, suffix, middle), by its special tokens
            <｜begin▁of▁sentence｜><｜fim▁begin｜>PRE<｜fim▁hole｜>SUF<｜fim▁end｜>
            stops <|EOT|> <｜fim▁begin｜> <｜fim▁hole｜> <｜fim▁end｜>
        "#]],
    );
}

#[test]
fn codellama_has_a_space_before_the_prefix() {
    check(
        "<bos> ▁<PRE> ▁<MID> ▁<SUF> ▁<EOT>",
        pre("default"),
        expect![[r#"
            CodeLlama (prefix, suffix, middle), by its special tokens
            <bos>▁<PRE> PRE▁<SUF>SUF▁<MID>
            stops ▁<EOT> ▁<PRE> ▁<SUF> ▁<MID>
        "#]],
    );
}

#[test]
fn codestral_has_no_middle() {
    check(
        "<bos> [PREFIX] [MIDDLE] [SUFFIX]",
        pre("tekken"),
        expect![[r#"
            Codestral (suffix, prefix), by its special tokens
            <bos>+++++ b.py
            OTHER
            [SUFFIX]SUF[PREFIX]+++++ a.py
            PRE
            stops [MIDDLE] [PREFIX] [SUFFIX]
        "#]],
    );
}

#[test]
fn seed_coder_glm_and_falcon() {
    check(
        "<[begin▁of▁sentence]> <[fim-prefix]> <[fim-suffix]> <[fim-middle]>",
        pre("seed-coder"),
        expect![[r#"
            Seed-Coder (suffix, prefix, middle), by its special tokens
            <[fim-suffix]>SUF<[fim-prefix]>PRE<[fim-middle]>
            stops <[fim-prefix]> <[fim-suffix]> <[fim-middle]>
        "#]],
    );
    check(
        "<|endoftext|> <|user|> <|assistant|> <|code_prefix|> <|code_middle|> <|code_suffix|>",
        pre("glm4"),
        expect![[r#"
            GLM (suffix, prefix, middle), by its special tokens
            <|code_suffix|>SUF<|code_prefix|>PRE<|code_middle|>
            stops <|user|> <|assistant|> <|endoftext|> <|code_prefix|> <|code_suffix|> <|code_middle|>
        "#]],
    );
    check(
        "<|prefix|> <|suffix|> <|middle|>",
        pre("falcon-h1"),
        expect![[r#"
            Falcon-H1 (prefix, suffix, middle), by its special tokens
            <|prefix|>PRE<|suffix|>SUF<|middle|>
            stops <|prefix|> <|suffix|> <|middle|>
        "#]],
    );
}

#[test]
fn a_model_without_such_tokens_writes_from_left_to_right() {
    check(
        "<|endoftext|>",
        pre("gpt-2"),
        expect![[r#"
        left to right
    "#]],
    );
}

#[test]
fn every_row_of_the_table_can_be_reached() {
    // A row above another that asks for less would hide it.
    for (idx, format) in FORMATS.iter().enumerate() {
        for above in &FORMATS[..idx] {
            let same = (&above.prefix, &above.suffix) == (&format.prefix, &format.suffix);
            assert!(
                !(same && above.when == When::default()),
                "{} is hidden by {}",
                format.family,
                above.family
            );
        }
    }
}

#[test]
fn the_user_s_format_comes_first_and_names_what_the_vocabulary_lacks() {
    let vocabulary = Vocabulary::of(QWEN);
    let own: Format = toml::from_str(
        "order = 'spm'\nprefix = '<|fim_prefix|>'\nsuffix = '<|fim_suffix|>'\nmiddle = '<|fim_middle|>'",
    )
    .expect("well formed");
    let fim = Fim::choose(Some(&own), &pre("qwen2"), &vocabulary)
        .expect("the tokens are there")
        .expect("a format");
    expect![[r#"
        given by hand (suffix, prefix, middle), by the option `format`
        <|fim_suffix|>SUF<|fim_prefix|>PRE<|fim_middle|>"#]]
    .assert_eq(&format!(
        "{}, by {}\n{}",
        fim.describe(),
        fim.recognised,
        prompt(&fim, &vocabulary)
    ));
    let other = Format {
        middle: Some("<MID>".to_owned()),
        stop: vec!["<END>".to_owned()],
        ..own
    };
    let error = Fim::choose(Some(&other), &pre("qwen2"), &vocabulary).expect_err("no such token");
    expect!["the format given with --format (or the option `format`) does not fit this model: its vocabulary has no special token `<MID>`, `<END>`. Correct the spelling, or leave the format out to use a known one."].assert_eq(&error.to_string());
}
