//! The same three bars as vendors, brokers, terminals and spreadsheets write them, each read with
//! no option but the zone of its clock; and files that are refused, each for what is wrong with it.

#![allow(clippy::disallowed_methods)] // Tests write files.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use openbell_data_manager::Check;
use openbell_data_manager::import::{
    CsvOptions, Decimal, ImportReason, StampedAt, VolumeSource, WrittenOffset,
};
use openbell_market::BarColumns;
use openbell_time::Nanos;

use crate::support::importing::{Setup, import_text, import_text_of, minutes};
use crate::support::{at, rows};

/// 09:30, 09:31 and 15:05 on a winter's day in New York.
fn three_bars() -> BarColumns {
    let mut bars = rows(&["2019-01-14T14:30:00Z", "2019-01-14T14:31:00Z", "2019-01-14T20:05:00Z"]);
    bars.open = vec![100.0, 100.5, 1_101.5];
    bars.high = vec![101.0, 102.0, 1_102.5];
    bars.low = vec![99.0, 100.0, 1_100.25];
    bars.close = vec![100.5, 101.25, 1_101.0];
    bars.volume = vec![1_000.0, 1_200.0, 2_500.0];
    bars
}

fn on_new_york_time() -> CsvOptions {
    CsvOptions { zone: Some("America/New_York".parse().unwrap()), ..minutes() }
}

/// A table of the three bars: its head, the three stamps as they are written, and the values
/// behind each stamp, `|` standing for `delimiter`.
fn table(head: &str, stamps: [&str; 3], delimiter: &str) -> String {
    let values =
        ["100|101|99|100.5|1000", "100.5|102|100|101.25|1200", "1101.5|1102.5|1100.25|1101|2500"];
    let rows = stamps.iter().zip(values).map(|(stamp, values)| format!("{stamp}|{values}\n"));
    format!("{head}{}", rows.collect::<String>().replace('|', delimiter))
}

#[track_caller]
fn check(text: &[u8], options: &CsvOptions) {
    let shown = String::from_utf8_lossy(text);
    let imported = import_text(text, options).unwrap_or_else(|error| panic!("{error}\n{shown}"));
    assert_eq!(imported.report.n_rejected(), 0, "{:?}\n{shown}", imported.rejected);
    assert_eq!(imported.rows, three_bars(), "{:?}\n{shown}", imported.report.read_as);
}

#[test]
fn stamps_of_many_makes_are_read_with_no_more_than_their_zone() {
    let stamps = [
        ["2019-01-14 09:30", "2019-01-14 09:31", "2019-01-14 15:05"],
        ["2019-01-14T09:30:00.000", "2019-01-14T09:31:00.000", "2019-01-14T15:05:00.000"],
        ["2019-01-14 09:30:00-05:00", "2019-01-14 09:31:00-05:00", "2019-01-14 15:05:00-05:00"],
        ["2019-01-14T09:30:00 -0500", "2019-01-14T09:31:00 -0500", "2019-01-14T15:05:00 -0500"],
        ["2019-01-14T20:00:00+05:30", "2019-01-14T20:01:00+05:30", "2019-01-15T01:35:00+05:30"],
        ["20190114T143000Z", "20190114T143100Z", "20190114T200500Z"],
        [
            "20190114 09:30:00 US/Eastern",
            "20190114 09:31:00 US/Eastern",
            "20190114 15:05:00 US/Eastern",
        ],
        ["2019-01-14 09:30 EST", "2019-01-14 09:31 EST", "2019-01-14 15:05 EST"],
        ["2019-01-14 09:30 ET", "2019-01-14 09:31 ET", "2019-01-14 15:05 ET"],
        ["2019-01-14 16:30 CEST", "2019-01-14 16:31 CEST", "2019-01-14 22:05 CEST"],
        ["2019-01-14 09:30 GMT-5", "2019-01-14 09:31 GMT-5", "2019-01-14 15:05 GMT-5"],
        ["2019-01-14 20:00 UTC+05:30", "2019-01-14 20:01 UTC+05:30", "2019-01-15 01:35 UTC+05:30"],
        [
            "2019-01-14T09:30:00-05:00[America/New_York]",
            "2019-01-14T09:31:00-05:00[America/New_York]",
            "2019-01-14T15:05:00-05:00[America/New_York]",
        ],
        ["20190114 093000", "20190114 093100", "20190114 150500"],
        ["20190114093000", "20190114093100", "20190114150500"],
        ["201901140930", "201901140931", "201901141505"],
        ["2019.01.14 09:30", "2019.01.14 09:31", "2019.01.14 15:05"],
        ["2019/01/14 09:30:00", "2019/01/14 09:31:00", "2019/01/14 15:05:00"],
        ["01/14/2019 9:30 AM", "01/14/2019 9:31 AM", "01/14/2019 3:05 PM"],
        ["1/14/2019 09:30:00 am", "1/14/2019 09:31:00 am", "1/14/2019 03:05:00 pm"],
        ["14/01/2019 09:30", "14/01/2019 09:31", "14/01/2019 15:05"],
        ["14.01.2019 09:30:00.000", "14.01.2019 09:31:00.000", "14.01.2019 15:05:00.000"],
        ["14-Jan-2019 09:30", "14-Jan-2019 09:31", "14-Jan-2019 15:05"],
        ["14-JAN-19 09:30", "14-JAN-19 09:31", "14-JAN-19 15:05"],
        ["14 January 2019 09:30", "14 January 2019 09:31", "14 January 2019 15:05"],
        ["\"Jan 14, 2019 09:30\"", "\"Jan 14, 2019 09:31\"", "\"Jan 14, 2019 15:05\""],
        [
            "\"Mon, 14 Jan 2019 14:30:00 GMT\"",
            "\"Mon, 14 Jan 2019 14:31:00 GMT\"",
            "\"Mon, 14 Jan 2019 20:05:00 GMT\"",
        ],
        ["1547476200", "1547476260", "1547496300"],
        ["1547476200.0", "1547476260.0", "1547496300.0"],
        ["1547476200000", "1547476260000", "1547496300000"],
        ["1547476200000000", "1547476260000000", "1547496300000000"],
        ["1547476200000000000", "1547476260000000000", "1547496300000000000"],
    ];
    for written in stamps {
        let head = "ts,open,high,low,close,volume\n";
        check(table(head, written, ",").as_bytes(), &on_new_york_time());
        check(table("", written, ",").as_bytes(), &on_new_york_time());
    }
}

#[test]
fn dates_and_times_of_day_stand_apart_in_many_ways() {
    let head = "Date|Time|Open|High|Low|Close|Volume\n";
    for (between, stamps) in [
        ("\t", ["01/14/2019|9:30 AM", "01/14/2019|9:31 AM", "01/14/2019|3:05 PM"]),
        (",", ["20190114|093000", "20190114|093100", "20190114|150500"]),
        (",", ["20190114|93000", "20190114|93100", "20190114|150500"]),
        (",", ["20190114|930", "20190114|931", "20190114|1505"]),
        (";", ["14.01.2019|09:30:00", "14.01.2019|09:31:00", "14.01.2019|15:05:00"]),
        ("|", ["2019.01.14|09:30", "2019.01.14|09:31", "2019.01.14|15:05"]),
    ] {
        let head = head.replace('|', between);
        check(table(&head, stamps, between).as_bytes(), &on_new_york_time());
        check(table("", stamps, between).as_bytes(), &on_new_york_time());
    }
}

/// Stamps for files whose peculiarity lies elsewhere.
const PLAIN: [&str; 3] = ["2019-01-14 09:30", "2019-01-14 09:31", "2019-01-14 15:05"];

#[test]
fn headers_are_known_in_other_words_other_orders_and_other_dress() {
    for head in [
        "TIMESTAMP,OPEN,HIGH,LOW,CLOSE,VOLUME",
        " Date , Open , High , Low , Close , Volume ",
        "\"date\",\"open\",\"high\",\"low\",\"close\",\"volume\"",
        "timestamp,1. open,2. high,3. low,4. close,5. volume",
        "<DATE>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
        "Datum,Eröffnung,Hoch,Tief,Schluss,Volumen",
        "Date,Ouverture,Plus haut,Plus bas,Clôture,Volume",
        "Fecha,Apertura,Máximo,Mínimo,Cierre,Volumen",
        "日付,始値,高値,安値,終値,出来高",
        "t,o,h,l,c,v",
        "window_start,Open,High,Low,Last,Vol.",
        ",open,high,low,close,volume",
        "# ts,open,high,low,close,volume",
    ] {
        check(table(&format!("{head}\n"), PLAIN, ",").as_bytes(), &on_new_york_time());
    }
    // What nobody knows is named, in any case, or numbered.
    let text = table("Wann,Auf,Oben,Unten,Zu,Menge\n", PLAIN, ",");
    let named = |open: &str, volume: &str| CsvOptions {
        open: Some(open.parse().unwrap()),
        high: Some("oben".parse().unwrap()),
        low: Some("4".parse().unwrap()),
        close: Some("ZU".parse().unwrap()),
        volume: VolumeSource::Column(volume.parse().unwrap()),
        ..on_new_york_time()
    };
    check(text.as_bytes(), &named("auf", "Menge"));
    check(text.as_bytes(), &named("2", "6"));
    let reordered = "Close/Last,Volume,Open,High,Low,Adj Close,date\n\
        $100.5,1.0K,$100,$101,$99,1,2019-01-14 09:30\n\
        $101.25,1.2K,$100.5,$102,$100,1,2019-01-14 09:31\n\
        $1101,2.5K,$1101.5,$1102.5,$1100.25,1,2019-01-14 15:05\n";
    check(reordered.as_bytes(), &on_new_york_time());
}

#[test]
fn lines_before_the_table_and_other_line_ends_are_left_out() {
    let header = "ts,open,high,low,close,volume\n";
    let body = table("", PLAIN, ",");
    for before in [
        "# exported on 2019-01-15\n",
        "# one, two, three, four, five, six, seven\n#\n",
        "https://www.example.com\n",
        "Symbol: AAPL\nInterval: 1 min\n\n",
        "sep=,\n",
        "\u{feff}",
        "",
    ] {
        let text = format!("{before}{header}{body}");
        check(text.as_bytes(), &on_new_york_time());
        check(text.replace('\n', "\r\n").as_bytes(), &on_new_york_time());
        check(text.replace('\n', "\r").as_bytes(), &on_new_york_time());
        let without_header = format!("{before}{body}");
        check(without_header.as_bytes(), &on_new_york_time());
    }
    // The table is found by its names, or where the user says that it begins.
    let text = format!("these,are,five,words,only\n{header}{body}");
    check(text.as_bytes(), &on_new_york_time());
    let skipped = CsvOptions { n_lines_before: Some(2), ..on_new_york_time() };
    check(format!("a,b\nc\n{header}{body}").as_bytes(), &skipped);
}

#[test]
fn numbers_are_written_with_commas_groups_and_exponents() {
    let head = "ts;open;high;low;close;volume\n";
    let comma = table(head, PLAIN, ";").replace('.', ",");
    check(comma.as_bytes(), &on_new_york_time());
    let grouped = "ts,open,high,low,close,volume,\n\
        2019-01-14 09:30,\"100.00\",101,99,100.5,\"1,000\",\n\
        2019-01-14 09:31,\"100.50\",1.02e2,1E2,101.25,\"1,200\",\n\
        2019-01-14 15:05,\"1,101.50\",\"1,102.50\",\"1,100.25\",\"1,101\",\"2,500\",\n";
    check(grouped.as_bytes(), &on_new_york_time());
    let german = "ts;open;high;low;close;volume\n\
        2019-01-14 09:30;100,0;101;99;100,5;1.000\n\
        2019-01-14 09:31;100,5;102;100;101,25;1.200\n\
        2019-01-14 15:05;1.101,5;1.102,5;1.100,25;1.101;2.500\n";
    check(german.as_bytes(), &on_new_york_time());
    let piped = table("ts|open|high|low|close|volume|\n", PLAIN, "|").replace("00\n", "00|\n");
    check(piped.as_bytes(), &on_new_york_time());
}

#[test]
fn stamps_name_either_end_and_are_shifted_and_overridden() {
    let head = "ts,open,high,low,close,volume\n";
    let closes = ["2019-01-14 09:31", "2019-01-14 09:32", "2019-01-14 15:06"];
    let closing = CsvOptions { stamped_at: StampedAt::Close, ..on_new_york_time() };
    check(table(head, closes, ",").as_bytes(), &closing);
    let late = ["2019-01-14 13:30Z", "2019-01-14 13:31Z", "2019-01-14 19:05Z"];
    let shifted = CsvOptions { shift: Nanos::from_secs(3_600), ..minutes() };
    check(table(head, late, ",").as_bytes(), &shifted);
    let wrong = ["2019-01-14 09:30+00:00", "2019-01-14 09:31+00:00", "2019-01-14 15:05+00:00"];
    let overridden = CsvOptions { written_offset: WrittenOffset::Overridden, ..on_new_york_time() };
    check(table(head, wrong, ",").as_bytes(), &overridden);
    let fixed = CsvOptions { zone: Some("-05:00".parse().unwrap()), ..minutes() };
    check(table(head, PLAIN, ",").as_bytes(), &fixed);
}

#[test]
fn a_later_row_tells_day_and_month_apart() {
    let row = |day: u32, minute: u32| {
        format!("{day:02}/02/2019 {:02}:{:02}:00Z,1,1,1,1,1\n", minute / 60, minute % 60)
    };
    // Six hundred rows of the third, more than are looked at first, and one of the thirteenth.
    let mut text = "ts,open,high,low,close,volume\n".to_owned();
    for n in 0..600 {
        text.push_str(&row(3, n));
    }
    let crypto = Setup { group: "CRYPTO", ..Setup::default() };
    let error = import_text_of(text.as_bytes(), &minutes(), &crypto).err().expect("a refusal");
    assert!(error.to_string().contains("can be read as %m/%d/%Y"), "{error}");
    text.push_str(&row(13, 30));
    let imported = import_text_of(text.as_bytes(), &minutes(), &crypto).unwrap();
    assert_eq!(imported.report.read_as.timestamp_form.to_string(), "%d/%m/%Y %H:%M:%S%.f");
    assert_eq!(imported.rows.opens_at(0), at("2019-02-03T00:00:00Z"));
    assert_eq!(imported.rows.len(), 601);
}

#[test]
fn packed_members_are_read_one_after_the_other() {
    let text = table("ts,open,high,low,close,volume\n", PLAIN, ",");
    let packed: Vec<u8> = text
        .split_inclusive('\n')
        .flat_map(|line| {
            let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
            packer.write_all(line.as_bytes()).unwrap();
            packer.finish().unwrap()
        })
        .collect();
    check(&packed, &on_new_york_time());
}

#[test]
fn an_abbreviation_that_means_several_zones_needs_one_that_uses_it() {
    let stamps = ["2019-01-14 08:30 CST", "2019-01-14 08:31 CST", "2019-01-14 14:05 CST"];
    let text = table("ts,open,high,low,close,volume\n", stamps, ",");
    let error = import_text(text.as_bytes(), &minutes()).err().expect("a refusal");
    assert!(error.to_string().contains("no zone that an abbreviation alone could say"), "{error}");
    let chicago = CsvOptions { zone: Some("chicago".parse().unwrap()), ..minutes() };
    check(text.as_bytes(), &chicago);
    let imported = import_text(text.as_bytes(), &on_new_york_time()).unwrap();
    assert_eq!(imported.report.rejected[&ImportReason::OtherZone], 3);
}

#[test]
fn an_abbreviation_of_summer_in_winter_is_asked() {
    let stamps = ["2019-01-14 10:30 EDT", "2019-01-14 10:31 EDT", "2019-01-14 16:05 EDT"];
    let text = table("ts,open,high,low,close,volume\n", stamps, ",");
    let error = import_text(text.as_bytes(), &minutes()).err().expect("a refusal");
    assert!(error.to_string().contains("did not show that abbreviation then"), "{error}");
    let setup = Setup { waived: vec![Check::Zone], ..Setup::default() };
    assert_eq!(import_text_of(text.as_bytes(), &minutes(), &setup).unwrap().rows, three_bars());
    let summer = text.replace("2019-01-14", "2019-07-15");
    assert_eq!(import_text(summer.as_bytes(), &minutes()).unwrap().rows.len(), 3);
    // Where the exchange's clock never shows it, it is taken at its word.
    let elsewhere = Setup { group: "CRYPTO", ..Setup::default() };
    assert!(import_text_of(text.as_bytes(), &minutes(), &elsewhere).is_ok());
}

#[test]
fn what_is_shown_as_the_zone_is_the_one_in_which_stamps_are_read() {
    let head = "ts,open,high,low,close,volume\n";
    let zone = |stamps, options: &CsvOptions| {
        let imported = import_text(table(head, stamps, ",").as_bytes(), options).unwrap();
        imported.report.read_as.zone.map(|zone| zone.to_string())
    };
    let with_offsets = ["2019-01-14 14:30Z", "2019-01-14 14:31Z", "2019-01-14 20:05Z"];
    let epochs = ["1547476200", "1547476260", "1547496300"];
    assert_eq!(zone(PLAIN, &on_new_york_time()).as_deref(), Some("America/New_York"));
    assert_eq!(zone(with_offsets, &on_new_york_time()), None);
    assert_eq!(zone(epochs, &on_new_york_time()), None);
    let overridden = CsvOptions { written_offset: WrittenOffset::Overridden, ..on_new_york_time() };
    assert_eq!(zone(with_offsets, &overridden).as_deref(), Some("America/New_York"));
}

#[test]
fn a_spreadsheet_writes_utf_16_with_tabs_and_a_bank_latin_1() {
    let text = table("\u{feff}ts\topen\thigh\tlow\tclose\tvolume\n", PLAIN, "\t");
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    check(&little, &on_new_york_time());
    check(&big, &on_new_york_time());
    check(&little[2..], &on_new_york_time());
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(&little).unwrap();
    check(&packer.finish().unwrap(), &on_new_york_time());
    let german = table("Datum;Er\u{f6}ffnung;Hoch;Tief;Schluss;St\u{fc}ck\n", PLAIN, ";");
    let latin: Vec<u8> = german.chars().map(|letter| u8::try_from(letter).unwrap()).collect();
    check(&latin, &on_new_york_time());
}

#[test]
fn a_note_in_quotes_may_have_lines_and_a_lost_quote_spoils_only_its_row() {
    let text = "ts,note,open,high,low,close,volume\n\
        2019-01-14 09:30,\"first\r\n\r\nsecond \"\"of two\"\"\",100,101,99,100.5,1000\n\
        2019-01-14 09:31,,100.5,102,100,101.25,1200\n\
        2019-01-14 15:05,\"a, b\",1101.5,1102.5,1100.25,1101,2500\n";
    check(text.as_bytes(), &on_new_york_time());
    let lost = text.replace("second \"\"of two\"\"\",", "").replace("\r\n\r\n", "");
    let imported = import_text(lost.as_bytes(), &on_new_york_time()).unwrap();
    assert_eq!(imported.rows.len(), 2, "{:?}", imported.rejected);
    assert_eq!(imported.rejected[0].line, 2);
}

#[test]
fn a_comma_that_may_be_decimal_or_part_thousands_is_not_guessed() {
    let text =
        "ts;open;high;low;close;volume\n2019-01-14 09:30;155,100;155,300;155,000;155,200;10\n";
    let error = import_text(text.as_bytes(), &on_new_york_time()).err().expect("a refusal");
    assert!(error.to_string().contains("such as \"155,100\""), "{error}");
    let high = |decimal, text: &str| {
        let options = CsvOptions { decimal, ..on_new_york_time() };
        import_text(text.as_bytes(), &options).unwrap().rows.high[0]
    };
    assert_eq!(high(Some(Decimal::Comma), text), 155.3);
    assert_eq!(high(Some(Decimal::Point), text), 155_300.0);
    // One number that can be read in one way only tells all others.
    assert_eq!(high(None, &text.replace("155,200", "155,25")), 155.3);
    // Where commas part cells, one inside quotes parts thousands.
    let quoted = "ts,open,high,low,close,volume\n\
        2019-01-14 09:30,\"155,100\",\"155,300\",\"155,000\",\"155,200\",10\n";
    assert_eq!(high(None, quoted), 155_300.0);
}

#[test]
fn rows_of_another_symbol_are_counted_and_not_mixed_in() {
    let text = "symbol,timestamp,open,high,low,close,volume\n\
        AAPL,2019-01-14 14:30:00+00:00,1,1,1,1,1\n\
        MSFT,2019-01-14 14:30:00+00:00,2,2,2,2,2\n\
        AAPL,2019-01-14 14:31:00+00:00,1,1,1,1,1\n";
    let imported = import_text(text.as_bytes(), &minutes()).unwrap();
    assert_eq!(imported.rows.close, [1.0, 1.0]);
    let [row] = &imported.rejected[..] else { panic!("{:?}", imported.rejected) };
    assert_eq!((row.line, row.column, row.value.as_str()), (3, "symbol", "MSFT"));
    assert_eq!(row.reason, ImportReason::OtherSymbol);
}

#[test]
fn days_of_many_makes_are_named_by_their_date() {
    let days = CsvOptions::new("1d".parse().unwrap());
    for stamp in [
        "2019-01-14",
        "20190114",
        "14.01.2019",
        "01/14/2019",
        "14-Jan-19",
        "\"Jan 14, 2019\"",
        "2019-01-14 00:00:00-05:00",
        "1547424000",
    ] {
        let text = format!("Date,Open,High,Low,Price,Vol.\n{stamp},1,2,1,1.5,3.21M\n");
        let imported = import_text(text.as_bytes(), &days).unwrap();
        assert_eq!(imported.report.n_rejected(), 0, "{stamp}: {:?}", imported.rejected);
        assert_eq!(
            imported.report.span().map(|(first, _)| first),
            Some(at("2019-01-14T00:00:00Z"))
        );
    }
}

#[test]
fn what_is_no_table_of_bars_is_refused_in_words() {
    let header = "ts,open,high,low,close,volume\n";
    let twice = "ts,open,high,low,close,close,volume\n2019-01-14 09:30Z,1,1,1,1,1,1\n";
    let other_form =
        CsvOptions { timestamp_format: Some("%d.%m.%Y %H:%M".to_owned()), ..on_new_york_time() };
    for (text, options, words) in [
        (&b""[..], minutes(), "holds no row of bars"),
        (b"\n \r\n", minutes(), "holds no row of bars"),
        (header.as_bytes(), minutes(), "holds no row of bars"),
        (&[0; 512], minutes(), "is no text: its first line holds zero bytes"),
        (b"PK\x03\x04\x14\0", minutes(), "a ZIP archive or a workbook"),
        (b"\x28\xb5\x2f\xfd\0", minutes(), "packed by zstd"),
        (b"PAR1\x15", minutes(), "`openbell data compact FOLDER --into STORE`"),
        (twice.as_bytes(), minutes(), "numbers 5 and 6 are both named \"close\""),
        (b"dear all,\nhow are you\n", minutes(), "cannot find the column for ts"),
        (
            table(header, PLAIN, ",").as_bytes(),
            other_form,
            "such as \"2019-01-14 09:30\", are not written as \"%d.%m.%Y %H:%M\"",
        ),
    ] {
        let error = import_text(text, &options).err().expect("a refusal").to_string();
        assert!(error.contains(words), "{error}");
    }
    // A zero byte further down spoils its own row.
    let text = format!("{header}2019-01-14 09:30Z,1,1,1,1\0,1\n2019-01-14 09:31Z,1,1,1,1,1\n");
    let imported = import_text(text.as_bytes(), &minutes()).unwrap();
    assert_eq!((imported.rows.len(), imported.rejected[0].reason), (1, ImportReason::NotANumber));
}
