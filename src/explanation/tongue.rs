//! The language an explanation is written in.

use std::str::FromStr;

/// A language. What Midfill says itself is English or Chinese; a model is asked for any.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Tongue {
    /// English.
    #[default]
    English,
    /// Chinese, in simplified characters.
    Chinese,
    /// Another, by its English name such as `German`, or as the user called it.
    Other(String),
}

/// English names of what locales are called by their two letters. Others are handed to the model
/// as they are.
const NAMES: [(&str, &str); 20] = [
    ("ar", "Arabic"),
    ("cs", "Czech"),
    ("de", "German"),
    ("es", "Spanish"),
    ("fa", "Persian"),
    ("fr", "French"),
    ("hi", "Hindi"),
    ("id", "Indonesian"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("nl", "Dutch"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("ru", "Russian"),
    ("sv", "Swedish"),
    ("th", "Thai"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("vi", "Vietnamese"),
];

impl Tongue {
    /// The language of a locale (`zh-CN`, `de_AT.UTF-8`), or one called by its name.
    pub fn of(text: &str) -> Tongue {
        let text = text.trim();
        let tag = text.split(['-', '_', '.', '@']).next().unwrap_or_default();
        let tag = tag.to_ascii_lowercase();
        match tag.as_str() {
            "" | "en" | "english" | "c" | "posix" => Tongue::English,
            "zh" | "chinese" | "中文" | "汉语" | "简体中文" => Tongue::Chinese,
            _ => {
                let known = NAMES.iter().find(|(short, _)| *short == tag);
                Tongue::Other(known.map_or(text, |(_, name)| name).to_owned())
            }
        }
    }

    /// The language of the shell: the first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set.
    pub fn of_the_shell(read: impl Fn(&str) -> Option<String>) -> Tongue {
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        let locale = names.into_iter().filter_map(read).find(|it| !it.is_empty());
        locale.map_or(Tongue::English, |locale| Tongue::of(&locale))
    }

    /// Its English name, for a model.
    pub fn name(&self) -> &str {
        match self {
            Tongue::English => "English",
            Tongue::Chinese => "Simplified Chinese",
            Tongue::Other(name) => name,
        }
    }

    /// Whether what Midfill says itself is Chinese. Other languages get it in English.
    pub fn is_chinese(&self) -> bool {
        *self == Tongue::Chinese
    }
}

impl FromStr for Tongue {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Tongue, Self::Err> {
        Ok(Tongue::of(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_and_names_are_understood() {
        for locale in ["zh", "zh-cn", "zh_CN.UTF-8", "Chinese"] {
            assert_eq!(Tongue::of(locale), Tongue::Chinese, "{locale}");
        }
        for locale in ["", "en-US", "C", "POSIX", "en_GB.UTF-8"] {
            assert_eq!(Tongue::of(locale), Tongue::English, "{locale}");
        }
        assert_eq!(Tongue::of("de_AT.UTF-8").name(), "German");
        assert_eq!(Tongue::of("Klingon").name(), "Klingon");
    }

    #[test]
    fn the_shell_says_it_by_its_locale() {
        let said = |name: &str| match name {
            "LC_ALL" => Some(String::new()),
            "LANG" => Some("zh_CN.UTF-8".to_owned()),
            _ => None,
        };
        assert_eq!(Tongue::of_the_shell(said), Tongue::Chinese);
        assert_eq!(Tongue::of_the_shell(|_| None), Tongue::English);
    }
}
