//! The code of a request in several languages, of which the chosen one is shown. It works without scripts: the choice is one of
//! radio buttons.

use maud::{Markup, html};

use super::{Language, Sample};

/// What distinguishes the panel from others of the page; empty for the first one.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::control::pages) struct PanelId(pub &'static str);

impl PanelId {
    fn of(self, language: Language, what: &str) -> String {
        let Self(prefix) = self;
        format!("{prefix}{}-{what}", language.id())
    }
}

/// The languages, and the code of each with a button that copies it.
pub(in crate::control::pages) fn panel(id: PanelId, title: &str, languages: &[Language], sample: &Sample) -> Markup {
    html! {
        fieldset.sample {
            legend { (title) }
            div.languages {
                @for (place, language) in languages.iter().enumerate() {
                    label for=(id.of(*language, "choice")) {
                        input .{ "l" (place) } type="radio" id=(id.of(*language, "choice")) name={ (id.0) "language" }
                            value=(language.id()) checked[place == 0];
                        (language.name())
                    }
                }
            }
            @for (place, language) in languages.iter().enumerate() {
                div.code-of.{ "c" (place) } {
                    @match language.code(sample) {
                        Ok(code) => {
                            pre id=(id.of(*language, "text")) tabindex="0" aria-label={ (title) ", " (language.name()) } role="region" { (code) }
                            p.buttons {
                                button.small type="button" data-copy=(id.of(*language, "text")) hidden { "Copy as " (language.name()) }
                                span.hint {
                                    (language.needs())
                                    @if let Some(variable) = sample.credential.variable() {
                                        " Set the variable " code { (variable) } "."
                                    }
                                }
                            }
                        }
                        Err(reason) => p.empty { (reason) },
                    }
                }
            }
        }
    }
}
