//! config/emulator.example.toml, written from the table of settings.

use std::fmt::Write as _;

use super::Setting;
use super::table::setting;

/// The longest line.
const WIDTH: usize = 120;

const HEAD: &str = "\
# Every setting with its default, or with an example where it has none. Copy the lines that you change to a file of your own
# and start with --config FILE. A flag has precedence over a variable, a variable over this file, this file over the default.
# `directscale-emulator config` shows the settings in effect and where each of them comes from.
";

/// An example of the settings file, in which every setting is a comment.
#[must_use]
pub fn example() -> String {
    let mut text = HEAD.to_owned();
    for setting in setting::ALL {
        describe(&mut text, setting);
        if let Some(file) = setting.file {
            describe(&mut text, file);
        }
    }
    text
}

fn describe(text: &mut String, setting: &Setting) {
    let details = if setting.details.is_empty() { String::new() } else { format!(" {}", setting.details) };
    text.push('\n');
    comment(text, &format!("{}.{details}", setting.help));
    comment(text, &format!("{}, {}", setting.flag(), setting.variable));
    let is_number = !setting.example.is_empty() && setting.example.bytes().all(|byte| byte.is_ascii_digit());
    let quote = if is_number { "" } else { "\"" };
    let _ = writeln!(text, "# {} = {quote}{}{quote}", setting.name, setting.example);
}

/// A paragraph in lines of at most `WIDTH` characters.
fn comment(text: &mut String, paragraph: &str) {
    let mut length = 0;
    for word in paragraph.split_whitespace() {
        let is_new_line = length == 0 || length + 1 + word.len() > WIDTH;
        if is_new_line {
            text.push_str(if length == 0 { "#" } else { "\n#" });
            length = 1;
        }
        text.push(' ');
        text.push_str(word);
        length += 1 + word.len();
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_file_is_up_to_date() {
        let file = include_str!("../../config/emulator.example.toml");
        assert_eq!(file, example(), "just example-settings writes it");
    }
}
