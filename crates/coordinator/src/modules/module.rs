//! A module as it is registered: its name, what it can be set to, what it emits, how it is made.

use std::fmt;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::context::ModuleContext;
use super::kind::ModuleKind;
use super::setting::{Setting, schema_of, settings_of};
use crate::consumers::consumer::Consumer;

type ModuleFactory =
    Box<dyn Fn(&ModuleContext<'_>) -> Result<Box<dyn Consumer>, String> + Send + Sync>;

/// The settings of a module that has none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Deserialize, JsonSchema)]
pub struct NoSettings {}

/// A kind of signal that a module may give.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Emitted {
    /// The kind, as [`Signal::kind`](crate::Signal::kind) has it.
    pub kind: String,
    /// When it comes, and what its value is.
    pub about: String,
}

/// A strategy or a scanner that session files may ask for by name.
///
/// What its entry's `config` may hold is a struct of its own, `S`: the fields are the keys, their
/// documentation says in `openbell modules` and in the schema what they are, and bounds
/// (`#[schemars(range(min = 1))]`) are held before the module is made. An unknown key is refused with
/// the nearest known one, also where `S` would pass it over; `comment` and `note` stand in any object.
///
/// ```
/// use openbell_coordinator::{Consumer, Module};
/// use schemars::JsonSchema;
/// use serde::Deserialize;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Settings {
///     /// Bars that are looked at.
///     #[schemars(range(min = 2))]
///     n_bars: u32,
/// }
///
/// struct Nothing;
/// impl Consumer for Nothing {
///     fn name(&self) -> &str {
///         "nothing"
///     }
/// }
///
/// let module = Module::strategy("nothing", "Does nothing.", |_, _: Settings| Ok(Box::new(Nothing)));
/// let settings = module.settings();
/// assert_eq!((&*settings[0].name, &*settings[0].about), ("n_bars", "Bars that are looked at."));
/// assert_eq!(settings[0].form, "whole number, at least 2");
/// ```
pub struct Module {
    kind: ModuleKind,
    name: String,
    about: String,
    schema: Value,
    emits: Vec<Emitted>,
    factory: ModuleFactory,
}

impl Module {
    /// A strategy of that name: `about` is one sentence on what it does, and `build` is called for
    /// every entry of a session file that asks for it. Its error is a sentence on what is wrong with
    /// the settings.
    pub fn strategy<S: DeserializeOwned + JsonSchema>(
        name: &str,
        about: &str,
        build: impl Fn(&ModuleContext<'_>, S) -> Result<Box<dyn Consumer>, String>
        + Send
        + Sync
        + 'static,
    ) -> Module {
        Module::new(ModuleKind::Strategy, name, about, build)
    }

    /// The same of a scanner.
    pub fn scanner<S: DeserializeOwned + JsonSchema>(
        name: &str,
        about: &str,
        build: impl Fn(&ModuleContext<'_>, S) -> Result<Box<dyn Consumer>, String>
        + Send
        + Sync
        + 'static,
    ) -> Module {
        Module::new(ModuleKind::Scanner, name, about, build)
    }

    fn new<S: DeserializeOwned + JsonSchema>(
        kind: ModuleKind,
        name: &str,
        about: &str,
        build: impl Fn(&ModuleContext<'_>, S) -> Result<Box<dyn Consumer>, String>
        + Send
        + Sync
        + 'static,
    ) -> Module {
        let schema = schema_of::<S>();
        let bounds = settings_of(&schema);
        let factory = Box::new(move |context: &ModuleContext<'_>| {
            let settings = context.settings(&bounds)?;
            build(context, settings)
        });
        let (name, about) = (name.to_owned(), about.to_owned());
        Module { kind, name, about, schema, emits: Vec::new(), factory }
    }

    /// Adds a kind of signal that it may give: `about` says when it comes, and what its value is. A
    /// module that signals another kind has failed, so that what is listed is true.
    #[must_use]
    pub fn emits(mut self, kind: &str, about: &str) -> Module {
        self.emits.push(Emitted { kind: kind.to_owned(), about: about.to_owned() });
        self
    }

    /// Strategy or scanner.
    pub fn kind(&self) -> ModuleKind {
        self.kind
    }

    /// The name that a session file asks for.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One sentence on what it does.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// What can be set, by name.
    pub fn settings(&self) -> Vec<Setting> {
        settings_of(&self.schema)
    }

    /// The JSON Schema of its settings.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// The signals that it may give, in the order in which they were named.
    pub fn emitted(&self) -> &[Emitted] {
        &self.emits
    }

    pub(super) fn build(&self, context: &ModuleContext<'_>) -> Result<Box<dyn Consumer>, String> {
        (self.factory)(context)
    }
}

impl fmt::Debug for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Module").field("kind", &self.kind).field("name", &self.name).finish()
    }
}
