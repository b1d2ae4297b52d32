//! The indicators that a file asks for, checked against the catalogue.
//!
//! Not here: the catalogue ([`openbell_market::indicator`]); whether bars of an interval can be
//! had (`openbell_coordinator::Plan`).

use openbell_market::BarInterval;
use openbell_market::indicator::{
    HistoricalSpec, IndicatorClass, IndicatorError, IndicatorName, IndicatorSpec, WindowUnit,
};

use crate::fault::Fault;
use crate::reader::{Item, Number, Object};
use crate::remarks::Remarks;

/// What is computed from bars.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct IndicatorsConfig {
    /// Updated bar by bar, in the order of the file; each key once.
    pub session: Vec<SessionIndicator>,
    /// Computed before the session, in the order of the file; each key once.
    pub historical: Vec<HistoricalIndicator>,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// One indicator that is updated bar by bar.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct SessionIndicator {
    /// The indicator.
    pub spec: IndicatorSpec,
    /// `type` as the file has it; it fits the name. Absent where the file does not say.
    pub class: Option<IndicatorClass>,
    /// The remarks of its `params`.
    pub params_remarks: Remarks,
    /// The object's remarks.
    pub remarks: Remarks,
}

/// One indicator that is computed before the session.
#[derive(Clone, PartialEq, Debug)]
#[non_exhaustive]
pub struct HistoricalIndicator {
    /// The indicator, and what its period counts.
    pub spec: HistoricalSpec,
    /// `type` as the file has it; it fits the name. Absent where the file does not say.
    pub class: Option<IndicatorClass>,
    /// The remarks of its `params`.
    pub params_remarks: Remarks,
    /// The object's remarks.
    pub remarks: Remarks,
}

impl IndicatorsConfig {
    pub(crate) fn read(part: &Object<'_>) -> Option<IndicatorsConfig> {
        let session = part.optional("session", |item| {
            item.distinct(SessionIndicator::read, |indicator| indicator.spec.key())
        });
        let historical = part.optional("historical", |item| {
            item.distinct(HistoricalIndicator::read, |indicator| indicator.spec.key())
        });
        let remarks = part.remarks();
        Some(IndicatorsConfig {
            session: session?.unwrap_or_default(),
            historical: historical?.unwrap_or_default(),
            remarks: remarks?,
        })
    }
}

impl SessionIndicator {
    fn read(item: &Item<'_>) -> Option<SessionIndicator> {
        let entry = item.object()?;
        let (spec, class) = read_spec(&entry, |name, period, params, interval| {
            IndicatorSpec::new(name, period, params, interval)
        });
        let remarks = entry.remarks();
        let (spec, params_remarks) = spec?;
        Some(SessionIndicator { spec, class: class?, params_remarks, remarks: remarks? })
    }
}

impl HistoricalIndicator {
    fn read(item: &Item<'_>) -> Option<HistoricalIndicator> {
        let entry = item.object()?;
        let unit = match entry.given("unit") {
            Some(item) => read_word::<WindowUnit>(&item),
            None => Some(WindowUnit::Bars),
        };
        // Faults of the rest are reported also where the unit is none.
        let (spec, class) = read_spec(&entry, |name, period, params, interval| {
            HistoricalSpec::counted(
                name,
                period,
                params,
                interval,
                unit.unwrap_or(WindowUnit::Bars),
            )
        });
        let spec = spec.filter(|_| unit.is_some());
        let remarks = entry.remarks();
        let (spec, params_remarks) = spec?;
        Some(HistoricalIndicator { spec, class: class?, params_remarks, remarks: remarks? })
    }
}

/// The indicator, with the remarks of its `params`.
type ReadSpec<S> = Option<(S, Remarks)>;

fn read_spec<S>(
    entry: &Object<'_>,
    made: impl FnOnce(
        IndicatorName,
        Option<f64>,
        Vec<(&str, f64)>,
        BarInterval,
    ) -> Result<S, IndicatorError>,
) -> (ReadSpec<S>, Option<Option<IndicatorClass>>) {
    let name = entry.given("name").and_then(|item| read_word::<IndicatorName>(&item));
    let class = entry.optional("type", |item| {
        let class = read_word::<IndicatorClass>(item)?;
        match name.map(|name| name.check_class(class)) {
            Some(Err(error)) => {
                item.error(Fault::Indicator(error));
                None
            }
            Some(Ok(())) | None => Some(class),
        }
    });
    let period = entry.optional("period", Item::number);
    let params = entry.optional("params", Item::numbers);
    let interval: Option<BarInterval> = entry.given("interval").and_then(|item| item.interval());
    let spec = move || {
        let (name, period) = (name?, period?);
        let (params, remarks) = params?.unwrap_or_default();
        let given = params.iter().map(|number| (number.key.as_str(), number.value));
        let spec = made(name, period, given.collect(), interval?);
        Some((spec.map_err(|error| blame(entry, &params, error)).ok()?, remarks))
    };
    (spec(), class)
}

// The catalogue's own answer names the nearest word; a list of all would be long.
fn read_word<W: std::str::FromStr<Err = IndicatorError>>(item: &Item<'_>) -> Option<W> {
    let Some(text) = item.raw_text() else { return item.read(|_| None) };
    text.parse().map_err(|error| item.error(Fault::Indicator(error))).ok()
}

/// Records the error at the value that it is about.
fn blame(entry: &Object<'_>, params: &[Number<'_>], error: IndicatorError) {
    let parameter = match &error {
        IndicatorError::UnknownParameter { found, .. } => Some(found.as_str()),
        IndicatorError::ParameterTwice { parameter, .. }
        | IndicatorError::NotWhole { parameter, .. }
        | IndicatorError::OutOfRange { parameter, .. } => Some(*parameter),
        IndicatorError::NotAscending { lower, .. } => Some(*lower),
        _ => None,
    };
    let field = match &error {
        IndicatorError::WrongInterval { .. } => entry.given("interval"),
        IndicatorError::UnitNeedsWindow { .. } => entry.given("unit"),
        _ => None,
    };
    let of_params = parameter
        .and_then(|parameter| params.iter().find(|number| number.key == parameter))
        .map(|number| number.item.clone());
    let of_period = parameter.filter(|name| *name == "period").and_then(|_| entry.given("period"));
    match field.or(of_params).or(of_period) {
        Some(item) => item.error(Fault::Indicator(error)),
        None => entry.error(Fault::Indicator(error)),
    }
}
