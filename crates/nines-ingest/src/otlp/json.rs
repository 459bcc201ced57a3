//! The JSON form: protobuf's own mapping, but with trace ids in hexadecimal and enums as numbers.
//!
//! Whole numbers of 64 bits may be texts, missing and null fields are defaults, unknown fields are read over.
//!
//! Source: "OTLP Specification", section "JSON Protobuf Encoding"; Protocol Buffers, "ProtoJSON Format".

use serde_json::Value;

use super::model::{
    Attributes, Buckets, Data, ExponentialPoint, HistogramPoint, Metric, NumberPoint, Point,
    PointExemplar, Request, Resource, SummaryPoint, Temporality,
};
use super::{DEPTH_MAX, OtlpError, POINTS_MAX};

pub(super) fn read(body: &[u8]) -> Result<Request, OtlpError> {
    let root: Value = serde_json::from_slice(body)?;
    let root = At { value: &root, place: String::new() };
    root.object()?;
    let mut request = Request::default();
    for item in root.list("resourceMetrics")? {
        let resource = resource(&item, &mut request.points)?;
        request.resources.push(resource);
    }
    Ok(request)
}

/// A value and where it stands.
struct At<'a> {
    value: &'a Value,
    place: String,
}

impl At<'_> {
    fn wrong(&self, expected: &'static str) -> OtlpError {
        let place = if self.place.is_empty() { "the body".to_owned() } else { self.place.clone() };
        OtlpError::Json { place, expected }
    }

    fn object(&self) -> Result<(), OtlpError> {
        if self.value.is_object() { Ok(()) } else { Err(self.wrong("an object")) }
    }

    /// A field that is there and not null; names may also be written as in protobuf.
    fn get(&self, name: &str) -> Option<Self> {
        let value = self.value.get(name).or_else(|| self.value.get(snake(name)))?;
        let dot = if self.place.is_empty() { "" } else { "." };
        (!value.is_null()).then(|| At { value, place: format!("{}{dot}{name}", self.place) })
    }

    fn list(&self, name: &str) -> Result<Vec<Self>, OtlpError> {
        let Some(list) = self.get(name) else { return Ok(Vec::new()) };
        let items = list.value.as_array().ok_or_else(|| list.wrong("a list"))?;
        let item = |(index, value)| At { value, place: format!("{}[{index}]", list.place) };
        Ok(items.iter().enumerate().map(item).collect())
    }

    fn text(&self, name: &str) -> Result<String, OtlpError> {
        let Some(it) = self.get(name) else { return Ok(String::new()) };
        it.value.as_str().map(str::to_owned).ok_or_else(|| it.wrong("text"))
    }

    fn boolean(&self, name: &str) -> Result<bool, OtlpError> {
        let Some(it) = self.get(name) else { return Ok(false) };
        it.value.as_bool().ok_or_else(|| it.wrong("true or false"))
    }

    fn uint(&self, name: &str) -> Result<u64, OtlpError> {
        self.get(name).map_or(Ok(0), |it| it.to_uint())
    }

    fn to_uint(&self) -> Result<u64, OtlpError> {
        let text = self.value.as_str().and_then(|it| it.parse().ok());
        self.value
            .as_u64()
            .or(text)
            .ok_or_else(|| self.wrong("a whole number that is not negative"))
    }

    fn int(&self, name: &str) -> Result<Option<i64>, OtlpError> {
        let Some(it) = self.get(name) else { return Ok(None) };
        let text = it.value.as_str().and_then(|it| it.parse().ok());
        let number = it.value.as_i64().or(text).ok_or_else(|| it.wrong("a whole number"))?;
        Ok(Some(number))
    }

    fn small(&self, name: &str) -> Result<i32, OtlpError> {
        Ok(crate::histogram::small(self.int(name)?.unwrap_or(0)))
    }

    fn double(&self, name: &str) -> Result<Option<f64>, OtlpError> {
        self.get(name).map(|it| it.to_double()).transpose()
    }

    fn to_double(&self) -> Result<f64, OtlpError> {
        // `NaN`, `Infinity` and `-Infinity` are texts.
        let text = self.value.as_str().and_then(|it| it.parse().ok());
        self.value.as_f64().or(text).ok_or_else(|| self.wrong("a number"))
    }

    fn hex(&self, name: &str) -> Result<Vec<u8>, OtlpError> {
        let text = self.text(name)?;
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let digit = |it: &u8| char::from(*it).to_digit(16).and_then(|it| u8::try_from(it).ok());
        let byte = |[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
        let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
        bytes
            .filter(|_| rest.is_empty())
            .ok_or_else(|| self.wrong("an object with ids in hexadecimal"))
    }
}

/// `startTimeUnixNano` as `start_time_unix_nano`.
fn snake(name: &str) -> String {
    let mut out = String::new();
    for it in name.chars() {
        if it.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(it.to_ascii_lowercase());
    }
    out
}

fn resource(at: &At<'_>, points: &mut usize) -> Result<Resource, OtlpError> {
    at.object()?;
    let mut out = Resource::default();
    if let Some(inner) = at.get("resource") {
        inner.object()?;
        out.attributes = attributes(&inner, "attributes")?;
    }
    for scope in at.list("scopeMetrics")? {
        for item in scope.list("metrics")? {
            out.metrics.push(metric(&item, points)?);
        }
    }
    Ok(out)
}

fn metric(at: &At<'_>, points: &mut usize) -> Result<Metric, OtlpError> {
    at.object()?;
    let mut out = Metric {
        name: at.text("name")?,
        description: at.text("description")?,
        unit: at.text("unit")?,
        data: Data::None,
    };
    if let Some(data) = at.get("gauge") {
        out.data = Data::Gauge(list(&data, points, number_point)?);
    } else if let Some(data) = at.get("sum") {
        out.data = Data::Sum {
            points: list(&data, points, number_point)?,
            temporality: temporality(&data)?,
            is_monotonic: data.boolean("isMonotonic")?,
        };
    } else if let Some(data) = at.get("histogram") {
        out.data = Data::Histogram(list(&data, points, histogram_point)?, temporality(&data)?);
    } else if let Some(data) = at.get("exponentialHistogram") {
        let points = list(&data, points, exponential_point)?;
        out.data = Data::Exponential(points, temporality(&data)?);
    } else if let Some(data) = at.get("summary") {
        out.data = Data::Summary(list(&data, points, summary_point)?);
    }
    Ok(out)
}

/// A number, or the name of the enum's value, which some libraries write.
fn temporality(at: &At<'_>) -> Result<Temporality, OtlpError> {
    let Some(it) = at.get("aggregationTemporality") else { return Ok(Temporality::default()) };
    Ok(match it.value.as_str() {
        Some("AGGREGATION_TEMPORALITY_DELTA") => Temporality::Delta,
        Some("AGGREGATION_TEMPORALITY_CUMULATIVE") => Temporality::Cumulative,
        Some("AGGREGATION_TEMPORALITY_UNSPECIFIED") => Temporality::Unspecified,
        _ => Temporality::from_number(at.int("aggregationTemporality")?.unwrap_or(0)),
    })
}

fn list<P>(
    data: &At<'_>,
    points: &mut usize,
    read: impl Fn(&At<'_>) -> Result<P, OtlpError>,
) -> Result<Vec<P>, OtlpError> {
    data.object()?;
    let items = data.list("dataPoints")?;
    *points += items.len();
    if POINTS_MAX < *points {
        return Err(OtlpError::TooLarge);
    }
    items.iter().map(read).collect()
}

fn point(at: &At<'_>) -> Result<Point, OtlpError> {
    at.object()?;
    Ok(Point {
        attributes: attributes(at, "attributes")?,
        start_nanos: at.uint("startTimeUnixNano")?,
        nanos: at.uint("timeUnixNano")?,
        flags: u32::try_from(at.uint("flags")?).unwrap_or(0),
        exemplars: at.list("exemplars")?.iter().map(exemplar).collect::<Result<_, _>>()?,
    })
}

fn number_point(at: &At<'_>) -> Result<NumberPoint, OtlpError> {
    Ok(NumberPoint { point: point(at)?, value: number(at)? })
}

fn number(at: &At<'_>) -> Result<f64, OtlpError> {
    match at.double("asDouble")? {
        Some(value) => Ok(value),
        None => Ok(at.int("asInt")?.map_or(0.0, super::model::decimal)),
    }
}

fn histogram_point(at: &At<'_>) -> Result<HistogramPoint, OtlpError> {
    let counts = at.list("bucketCounts")?;
    let bounds = at.list("explicitBounds")?;
    Ok(HistogramPoint {
        point: point(at)?,
        count: at.uint("count")?,
        sum: at.double("sum")?,
        bounds: bounds.iter().map(At::to_double).collect::<Result<_, _>>()?,
        counts: counts.iter().map(At::to_uint).collect::<Result<_, _>>()?,
    })
}

fn exponential_point(at: &At<'_>) -> Result<ExponentialPoint, OtlpError> {
    Ok(ExponentialPoint {
        point: point(at)?,
        count: at.uint("count")?,
        sum: at.double("sum")?.unwrap_or(0.0),
        scale: at.small("scale")?,
        zero_count: at.uint("zeroCount")?,
        zero_threshold: at.double("zeroThreshold")?.unwrap_or(0.0),
        positive: buckets(at, "positive")?,
        negative: buckets(at, "negative")?,
    })
}

fn buckets(at: &At<'_>, name: &str) -> Result<Buckets, OtlpError> {
    let Some(it) = at.get(name) else { return Ok(Buckets::default()) };
    it.object()?;
    let counts = it.list("bucketCounts")?;
    let counts = counts.iter().map(At::to_uint).collect::<Result<_, _>>()?;
    Ok(Buckets { offset: it.small("offset")?, counts })
}

fn summary_point(at: &At<'_>) -> Result<SummaryPoint, OtlpError> {
    let mut quantiles = Vec::new();
    for it in at.list("quantileValues")? {
        quantiles.push((it.double("quantile")?.unwrap_or(0.0), it.double("value")?.unwrap_or(0.0)));
    }
    let (count, sum) = (at.uint("count")?, at.double("sum")?.unwrap_or(0.0));
    Ok(SummaryPoint { point: point(at)?, count, sum, quantiles })
}

fn exemplar(at: &At<'_>) -> Result<PointExemplar, OtlpError> {
    at.object()?;
    Ok(PointExemplar {
        attributes: attributes(at, "filteredAttributes")?,
        nanos: at.uint("timeUnixNano")?,
        value: number(at)?,
        trace_id: at.hex("traceId")?,
        span_id: at.hex("spanId")?,
    })
}

fn attributes(at: &At<'_>, name: &str) -> Result<Attributes, OtlpError> {
    let mut out = Vec::new();
    for item in at.list(name)? {
        item.object()?;
        let value = match item.get("value") {
            Some(value) => any_value(&value, DEPTH_MAX)?,
            None => Value::Null,
        };
        let value = match value {
            Value::Null => String::new(),
            Value::String(text) => text,
            other => other.to_string(),
        };
        out.push((item.text("key")?, value));
    }
    Ok(out)
}

/// As plain JSON: an attribute's list of texts is shown as a list of texts.
fn any_value(at: &At<'_>, depth: usize) -> Result<Value, OtlpError> {
    at.object()?;
    if let Some(it) = at.get("stringValue").or_else(|| at.get("bytesValue")) {
        return it.value.is_string().then(|| it.value.clone()).ok_or_else(|| it.wrong("text"));
    }
    if at.get("boolValue").is_some() {
        return Ok(Value::Bool(at.boolean("boolValue")?));
    }
    if let Some(number) = at.int("intValue")? {
        return Ok(Value::from(number));
    }
    if let Some(it) = at.get("doubleValue") {
        it.to_double()?;
        return Ok(it.value.clone());
    }
    if depth == 0 {
        return Ok(Value::Null);
    }
    if let Some(list) = at.get("arrayValue") {
        let items = list.list("values")?;
        return items
            .iter()
            .map(|it| any_value(it, depth - 1))
            .collect::<Result<_, _>>()
            .map(Value::Array);
    }
    let Some(map) = at.get("kvlistValue") else { return Ok(Value::Null) };
    let mut out = serde_json::Map::new();
    for item in map.list("values")? {
        let value = item.get("value").map_or(Ok(Value::Null), |it| any_value(&it, depth - 1))?;
        out.insert(item.text("key")?, value);
    }
    Ok(Value::Object(out))
}
