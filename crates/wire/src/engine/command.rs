//! Commands, answers and signals as they are written, and commands back.

use openbell_coordinator::{Added, Answer, Removed, SessionCommand, Signal, Stay};
use openbell_market::indicator::{IndicatorName, IndicatorSpec, ParameterRange};
use openbell_market::{BarInterval, Symbol};

use super::error::CommandError;
use crate::command as shape;
use crate::command::{ParameterValue, SymbolAnswer, SymbolOutcome};

/// The text of a command, as event logs and recordings hold it.
///
/// ```
/// use openbell_coordinator::SessionCommand;
/// use openbell_wire::engine::{command_of_text, command_text};
///
/// let lock = SessionCommand::Lock { symbol: "AAPL".parse()? };
/// assert_eq!(command_text(&lock), r#"{"name":"lock","symbol":"AAPL"}"#);
/// assert_eq!(command_of_text(&command_text(&lock))?, lock);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn command_text(command: &SessionCommand) -> String {
    let text = serde_json::to_string(&shape::Command::from(command));
    text.expect("text keys and finite numbers are JSON")
}

/// The command of such a text.
///
/// # Errors
///
/// A text that is not one, or names what there is not.
pub fn command_of_text(text: &str) -> Result<SessionCommand, CommandError> {
    serde_json::from_str::<shape::Command>(text)?.try_into()
}

impl From<&SessionCommand> for shape::Command {
    fn from(command: &SessionCommand) -> shape::Command {
        use shape::Command as Shape;

        let texts = |symbols: &[Symbol]| symbols.iter().map(Symbol::to_string).collect();
        match command {
            SessionCommand::AddSymbols { symbols, stay } => {
                Shape::AddSymbols { symbols: texts(symbols), stay: *stay == Stay::Run }
            }
            SessionCommand::RemoveSymbols { symbols } => {
                Shape::RemoveSymbols { symbols: texts(symbols) }
            }
            SessionCommand::Lock { symbol } => Shape::Lock { symbol: symbol.to_string() },
            SessionCommand::Unlock { symbol } => Shape::Unlock { symbol: symbol.to_string() },
            SessionCommand::AddInterval { interval } => {
                Shape::AddInterval { interval: interval.to_string() }
            }
            SessionCommand::AddIndicator { spec } => added_indicator(spec),
            SessionCommand::Signal { signal } => Shape::Signal { signal: signal.into() },
            SessionCommand::Stop => Shape::Stop,
        }
    }
}

fn added_indicator(spec: &IndicatorSpec) -> shape::Command {
    let parameters = spec.name().parameters().iter();
    let params = parameters.map(|parameter| {
        let value = match parameter.range {
            ParameterRange::Count { .. } => ParameterValue::Count(spec.count(parameter.name)),
            ParameterRange::Factor { .. } => ParameterValue::Factor(spec.factor(parameter.name)),
        };
        (parameter.name.to_owned(), value)
    });
    shape::Command::AddIndicator {
        indicator: spec.name().name().to_owned(),
        interval: spec.interval().to_string(),
        params: params.collect(),
    }
}

impl From<&Signal> for shape::Signal {
    fn from(signal: &Signal) -> shape::Signal {
        shape::Signal {
            consumer: signal.consumer.clone(),
            symbol: signal.symbol.to_string(),
            kind: signal.kind.clone(),
            value: signal.value,
        }
    }
}

impl From<&Answer> for shape::Answer {
    fn from(answer: &Answer) -> shape::Answer {
        use shape::Answer as Shape;

        match answer {
            Answer::Added(each) => Shape::Symbols(each.iter().map(added).collect()),
            Answer::Removed(each) => Shape::Symbols(each.iter().map(removed).collect()),
            Answer::Done => Shape::Done,
            Answer::AlreadyPresent => Shape::AlreadyPresent,
            Answer::NotPresent => Shape::NotPresent,
            Answer::Refused(why) => Shape::Refused(why.to_string()),
            Answer::Stopped => Shape::Stopped,
        }
    }
}

fn added((symbol, added): &(Symbol, Added)) -> SymbolAnswer {
    let outcome = match added {
        Added::Added { generation } => SymbolOutcome::Added(*generation),
        Added::AlreadyPresent => SymbolOutcome::Present(true),
        Added::Refused(why) => SymbolOutcome::Refused(why.to_string()),
        Added::Failed(failure) => SymbolOutcome::Failed(failure.to_string()),
    };
    SymbolAnswer { symbol: symbol.to_string(), outcome }
}

fn removed((symbol, removed): &(Symbol, Removed)) -> SymbolAnswer {
    let outcome = match removed {
        Removed::Removed => SymbolOutcome::Removed(true),
        Removed::NotPresent => SymbolOutcome::Present(false),
        Removed::Refused(why) => SymbolOutcome::Refused(why.to_string()),
    };
    SymbolAnswer { symbol: symbol.to_string(), outcome }
}

impl TryFrom<shape::Command> for SessionCommand {
    type Error = CommandError;

    fn try_from(command: shape::Command) -> Result<SessionCommand, CommandError> {
        use shape::Command as Shape;

        let symbol = |text: String| Symbol::new(&text);
        let symbols = |texts: Vec<String>| texts.into_iter().map(symbol).collect::<Result<_, _>>();
        Ok(match command {
            Shape::AddSymbols { symbols: texts, stay } => SessionCommand::AddSymbols {
                symbols: symbols(texts)?,
                stay: if stay { Stay::Run } else { Stay::Session },
            },
            Shape::RemoveSymbols { symbols: texts } => {
                SessionCommand::RemoveSymbols { symbols: symbols(texts)? }
            }
            Shape::Lock { symbol: text } => SessionCommand::Lock { symbol: symbol(text)? },
            Shape::Unlock { symbol: text } => SessionCommand::Unlock { symbol: symbol(text)? },
            Shape::AddInterval { interval } => {
                SessionCommand::AddInterval { interval: interval.parse()? }
            }
            Shape::AddIndicator { indicator, interval, params } => {
                let name: IndicatorName = indicator.parse()?;
                let interval: BarInterval = interval.parse()?;
                let params = params.iter().map(|(key, value)| (key.as_str(), value.as_f64()));
                let spec = IndicatorSpec::new(name, None, params, interval)?;
                SessionCommand::AddIndicator { spec }
            }
            Shape::Signal { signal } => SessionCommand::Signal {
                signal: Signal {
                    consumer: signal.consumer,
                    symbol: symbol(signal.symbol)?,
                    kind: signal.kind,
                    value: signal.value,
                },
            },
            Shape::Stop => SessionCommand::Stop,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols() -> Vec<Symbol> {
        ["TSLA", "BTC/USD"].map(|text| Symbol::new(text).unwrap()).into()
    }

    /// Commands beside their texts, all kinds.
    fn samples() -> Vec<(SessionCommand, &'static str)> {
        let signal = Signal {
            consumer: "noon".to_owned(),
            symbol: Symbol::new("TSLA").unwrap(),
            kind: "buy \"now\"".to_owned(),
            value: Some(0.1 + 0.2),
        };
        let bands = IndicatorSpec::new(
            "bbands".parse().unwrap(),
            None,
            [("period", 20.0), ("num_std", 2.5)],
            "5m".parse().unwrap(),
        );
        let add = |stay| SessionCommand::AddSymbols { symbols: symbols(), stay };
        vec![
            (add(Stay::Run), r#"{"name":"add_symbols","symbols":["TSLA","BTC/USD"],"stay":true}"#),
            (
                add(Stay::Session),
                r#"{"name":"add_symbols","symbols":["TSLA","BTC/USD"],"stay":false}"#,
            ),
            (
                SessionCommand::RemoveSymbols { symbols: symbols() },
                r#"{"name":"remove_symbols","symbols":["TSLA","BTC/USD"]}"#,
            ),
            (
                SessionCommand::Lock { symbol: symbols().remove(0) },
                r#"{"name":"lock","symbol":"TSLA"}"#,
            ),
            (
                SessionCommand::Unlock { symbol: symbols().remove(0) },
                r#"{"name":"unlock","symbol":"TSLA"}"#,
            ),
            (
                SessionCommand::AddInterval { interval: "15m".parse().unwrap() },
                r#"{"name":"add_interval","interval":"15m"}"#,
            ),
            (
                SessionCommand::AddIndicator { spec: bands.unwrap() },
                r#"{"name":"add_indicator","indicator":"bbands","interval":"5m","params":{"num_std":2.5,"period":20}}"#,
            ),
            (
                SessionCommand::Signal { signal },
                r#"{"name":"signal","signal":{"consumer":"noon","symbol":"TSLA","kind":"buy \"now\"","value":0.30000000000000004}}"#,
            ),
            (SessionCommand::Stop, r#"{"name":"stop"}"#),
        ]
    }

    #[test]
    fn a_command_is_read_again_as_it_was_written_to_the_last_digit() {
        for (command, text) in samples() {
            assert_eq!(command_text(&command), text);
            assert_eq!(command_of_text(text).unwrap(), command);
        }
    }

    #[test]
    fn a_number_of_any_size_comes_back_as_the_same_double() {
        // What is read without `float_roundtrip` differs in the last digit for some of these.
        let mut bits = 0x3ff0_0000_0000_0001_u64;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let value = f64::from_bits(bits);
            if !value.is_finite() {
                continue;
            }
            let signal = Signal {
                consumer: String::new(),
                symbol: symbols().remove(0),
                kind: String::new(),
                value: Some(value),
            };
            let text = command_text(&SessionCommand::Signal { signal });
            let SessionCommand::Signal { signal } = command_of_text(&text).unwrap() else {
                panic!("{text} is another command")
            };
            assert_eq!(signal.value.map(f64::to_bits), Some(bits), "{text}");
        }
    }

    #[test]
    fn a_text_that_names_what_there_is_not_is_refused_in_words() {
        let said = |text: &str| command_of_text(text).unwrap_err().to_string();
        assert!(said("{").contains("EOF"), "{}", said("{"));
        let unknown = said(r#"{"name":"buy"}"#);
        assert!(unknown.starts_with("unknown variant `buy`"), "{unknown}");
        let symbol = said(r#"{"name":"lock","symbol":"A B"}"#);
        assert!(symbol.contains("\"A B\""), "{symbol}");
        let interval = said(r#"{"name":"add_interval","interval":"7x"}"#);
        assert!(interval.contains("7x"), "{interval}");
        let indicator = said(
            r#"{"name":"add_indicator","indicator":"smaa","interval":"5m","params":{"n":20}}"#,
        );
        assert!(indicator.contains("smaa") && indicator.contains("sma"), "{indicator}");
    }
}
