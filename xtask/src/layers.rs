//! The layers of the workspace: which crate may import which of ours, and which dependencies must
//! never reach it. The table is ARCHITECTURE.md's; `cargo metadata` is held against it.
//!
//! Development dependencies keep to the same table: a test that needs an upper room belongs to the
//! `tests` package. The one column for exceptions, `in_tests`, says why each of them is there.

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::graph::{Graph, Reach, Room};

const RULE: &str = "layers";

/// Decoders and layouts of the store: behind `data-manager`'s door.
const STORE: &[&str] =
    &["parquet", "arrow", "arrow-array", "arrow-buffer", "arrow-schema", "polars", "duckdb"];
/// Runtimes: the core is a synchronous step, the program around it decides.
const ASYNC: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "async-io",
    "async-executor",
    "futures-executor",
    "monoio",
    "glommio",
    "actix-rt",
    "embassy-executor",
    "axum",
    "hyper-util",
    "tower",
];
/// The network: vendors' data comes through feeds.
const NETWORK: &[&str] =
    &["hyper", "reqwest", "ureq", "tungstenite", "curl", "rustls", "native-tls", "openssl", "mio"];
/// The terminal and the command line: the program's.
const TERMINAL: &[&str] = &["clap", "indicatif", "ctrlc", "crossterm", "tracing-subscriber"];

/// One row of the table.
#[derive(Debug)]
pub struct Layer {
    /// The package's name.
    pub package: &'static str,
    /// Its folder.
    pub folder: &'static str,
    /// Ours that it may import.
    pub may_import: &'static [&'static str],
    /// Ours that its tests may import beside those, each with the reason.
    pub in_tests: &'static [(&'static str, &'static str)],
    /// Families of dependencies that must not reach it, by any path that is built into it.
    pub never: &'static [&'static [&'static str]],
    /// Whether `anyhow` may be named: only where errors end.
    pub ends_errors: bool,
}

const TIME: &str = "openbell-time";
const MARKET: &str = "openbell-market";
const CONFIG: &str = "openbell-config";
const DATA_MANAGER: &str = "openbell-data-manager";
const SESSION_DATA: &str = "openbell-session-data";
const PROCESSOR: &str = "openbell-processor";
const COORDINATOR: &str = "openbell-coordinator";
const SESSION_FILE: &str = "openbell-session-file";
const RECORDER: &str = "openbell-recorder";
const WIRE: &str = "openbell-wire";
const PAGE: &str = "openbell-page";
const SERVICE: &str = "openbell-service";
const STRATEGIES: &str = "openbell-strategies";
const ACCOUNT: &str = "openbell-account";
const VENDOR_SIM: &str = "openbell-vendor-sim";
const VENDORS: &str = "openbell-vendors";
const APP: &str = "openbell";

const LIBRARY: Layer = Layer {
    package: "",
    folder: "",
    may_import: &[],
    in_tests: &[],
    never: &[STORE, ASYNC, NETWORK, TERMINAL],
    ends_errors: false,
};

/// The table, from the ground up.
pub const LAYERS: &[Layer] = &[
    Layer { package: TIME, folder: "crates/time", ..LIBRARY },
    Layer { package: MARKET, folder: "crates/market", may_import: &[TIME], ..LIBRARY },
    Layer { package: CONFIG, folder: "crates/config", may_import: &[TIME, MARKET], ..LIBRARY },
    Layer {
        package: DATA_MANAGER,
        folder: "crates/data-manager",
        may_import: &[TIME, MARKET],
        never: &[ASYNC, NETWORK, TERMINAL],
        ..LIBRARY
    },
    Layer {
        package: SESSION_DATA,
        folder: "crates/session-data",
        may_import: &[TIME, MARKET],
        ..LIBRARY
    },
    Layer {
        package: PROCESSOR,
        folder: "crates/processor",
        may_import: &[TIME, MARKET, SESSION_DATA],
        ..LIBRARY
    },
    Layer {
        package: COORDINATOR,
        folder: "crates/coordinator",
        may_import: &[TIME, MARKET, CONFIG, DATA_MANAGER, SESSION_DATA, PROCESSOR],
        never: &[ASYNC, NETWORK, TERMINAL],
        ..LIBRARY
    },
    Layer {
        package: ACCOUNT,
        folder: "crates/account",
        may_import: &[TIME, MARKET, CONFIG, SESSION_DATA, PROCESSOR, COORDINATOR],
        never: &[ASYNC, NETWORK, TERMINAL],
        ..LIBRARY
    },
    Layer {
        package: SESSION_FILE,
        folder: "crates/session-file",
        may_import: &[TIME, MARKET, CONFIG, DATA_MANAGER, COORDINATOR, ACCOUNT],
        never: &[ASYNC, NETWORK, TERMINAL],
        ..LIBRARY
    },
    Layer {
        package: RECORDER,
        folder: "crates/recorder",
        may_import: &[TIME, MARKET, CONFIG, DATA_MANAGER, SESSION_DATA, COORDINATOR],
        never: &[ASYNC, NETWORK, TERMINAL],
        ..LIBRARY
    },
    // Its shapes import nothing of ours: the rest is for its feature `engine`.
    Layer {
        package: WIRE,
        folder: "crates/wire",
        may_import: &[TIME, MARKET, CONFIG, SESSION_DATA, COORDINATOR, ACCOUNT],
        never: &[ASYNC, NETWORK, TERMINAL],
        ..LIBRARY
    },
    // What was run is handed to it in shapes and columns: it knows no engine.
    Layer {
        package: PAGE,
        folder: "crates/page",
        may_import: &[TIME, WIRE],
        never: &[ASYNC, NETWORK, TERMINAL],
        ..LIBRARY
    },
    // The one library that meets a runtime; and the network, in one folder.
    Layer {
        package: SERVICE,
        folder: "crates/service",
        may_import: &[TIME, MARKET, CONFIG, SESSION_DATA, COORDINATOR, WIRE],
        in_tests: &[(DATA_MANAGER, "the example serves a run over bars in memory")],
        never: &[TERMINAL],
        ..LIBRARY
    },
    Layer {
        package: STRATEGIES,
        folder: "crates/strategies",
        may_import: &[TIME, MARKET, CONFIG, SESSION_DATA, PROCESSOR, COORDINATOR],
        never: &[ASYNC, NETWORK, TERMINAL],
        ..LIBRARY
    },
    // The other side of every vendor's protocol: what speaks to a vendor is never its own judge.
    Layer {
        package: VENDOR_SIM,
        folder: "crates/vendor-sim",
        may_import: &[TIME, MARKET],
        // It listens on this machine.
        never: &[STORE, ASYNC, TERMINAL],
        ..LIBRARY
    },
    Layer {
        package: VENDORS,
        folder: "crates/vendors",
        may_import: &[TIME, MARKET, DATA_MANAGER],
        in_tests: &[(VENDOR_SIM, "the other end of every socket")],
        // The network, and nobody else's.
        never: &[ASYNC, TERMINAL],
        ..LIBRARY
    },
    Layer {
        package: APP,
        folder: "crates/app",
        may_import: &[
            TIME,
            MARKET,
            CONFIG,
            DATA_MANAGER,
            SESSION_DATA,
            PROCESSOR,
            COORDINATOR,
            SESSION_FILE,
            RECORDER,
            WIRE,
            SERVICE,
            STRATEGIES,
            ACCOUNT,
            PAGE,
            VENDOR_SIM,
            VENDORS,
        ],
        never: &[],
        ends_errors: true,
        ..LIBRARY
    },
    Layer {
        package: "openbell-tests",
        folder: "tests",
        may_import: &[
            TIME,
            MARKET,
            CONFIG,
            DATA_MANAGER,
            SESSION_DATA,
            PROCESSOR,
            COORDINATOR,
            SESSION_FILE,
            RECORDER,
            WIRE,
            SERVICE,
            STRATEGIES,
            ACCOUNT,
            VENDOR_SIM,
            VENDORS,
        ],
        never: &[],
        ends_errors: true,
        ..LIBRARY
    },
    Layer {
        package: "openbell-made-project",
        folder: "tests/project",
        may_import: &[
            ACCOUNT,
            APP,
            COORDINATOR,
            MARKET,
            SESSION_DATA,
            SESSION_FILE,
            STRATEGIES,
            TIME,
        ],
        never: &[],
        // A program, as the one above it is.
        ends_errors: true,
        ..LIBRARY
    },
    Layer {
        package: "openbell-proofs",
        folder: "proofs",
        may_import: &[TIME, MARKET, SESSION_DATA],
        ..LIBRARY
    },
    Layer {
        package: "openbell-benches",
        folder: "benches",
        may_import: &[
            TIME,
            MARKET,
            CONFIG,
            DATA_MANAGER,
            SESSION_DATA,
            PROCESSOR,
            COORDINATOR,
            SESSION_FILE,
            RECORDER,
            WIRE,
            STRATEGIES,
            ACCOUNT,
            APP,
        ],
        never: &[],
        ends_errors: true,
        ..LIBRARY
    },
    Layer {
        package: "xtask",
        folder: "xtask",
        may_import: &[CONFIG],
        never: &[],
        ends_errors: true,
        ..LIBRARY
    },
];

/// Holds the workspace against the table.
pub fn check(graph: &Graph, layers: &[Layer]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let ours: BTreeSet<&str> = graph.rooms.iter().map(|room| room.package.as_str()).collect();
    for layer in layers {
        if !ours.contains(layer.package) {
            findings.push(Finding::of_file(
                RULE,
                "Cargo.toml",
                format!(
                    "the package {} ({}) is missing from the workspace",
                    layer.package, layer.folder
                ),
            ));
        }
    }
    for room in &graph.rooms {
        let manifest = format!("{}/Cargo.toml", room.folder);
        let Some(layer) = layers.iter().find(|layer| layer.package == room.package) else {
            findings.push(Finding::of_file(
                RULE,
                &manifest,
                format!(
                    "the package {} has no layer; give it a row in ARCHITECTURE.md and in xtask/src/layers.rs",
                    room.package
                ),
            ));
            continue;
        };
        if layer.folder != room.folder {
            findings.push(Finding::of_file(
                RULE,
                &manifest,
                format!("{} lies in {}, its place is {}", room.package, room.folder, layer.folder),
            ));
        }
        edges(room, layer, &ours, &manifest, &mut findings);
        outsiders(graph, room, layer, &manifest, &mut findings);
    }
    findings
}

/// The imports of one room, held against its row.
fn edges(
    room: &Room,
    layer: &Layer,
    ours: &BTreeSet<&str>,
    manifest: &str,
    findings: &mut Vec<Finding>,
) {
    for import in &room.imports {
        if import.package == "anyhow" && !layer.ends_errors && import.reach != Reach::Tests {
            findings.push(Finding::of_file(
                RULE,
                manifest,
                format!(
                    "{} imports anyhow, which is for the program and xtask; give the crate's error enum a variant",
                    room.package
                ),
            ));
        }
        if !ours.contains(import.package.as_str()) || import.package == room.package {
            continue;
        }
        let is_for_tests = import.reach == Reach::Tests
            && layer.in_tests.iter().any(|(package, _)| *package == import.package);
        if layer.may_import.contains(&import.package.as_str()) || is_for_tests {
            continue;
        }
        let allowed = match layer.may_import {
            [] => "none of our crates".to_owned(),
            some => some.join(", "),
        };
        findings.push(Finding::of_file(
            RULE,
            manifest,
            format!(
                "{} -> {}{} is a forbidden edge; {} may import {allowed}",
                room.package,
                import.package,
                if import.reach == Reach::Tests { " (for tests)" } else { "" },
                room.package
            ),
        ));
    }
}

/// What is built into one room, held against what must never reach it.
fn outsiders(
    graph: &Graph,
    room: &Room,
    layer: &Layer,
    manifest: &str,
    findings: &mut Vec<Finding>,
) {
    let reached: BTreeMap<String, Vec<String>> = graph.built_into(&room.package);
    for family in layer.never {
        for name in *family {
            if let Some(chain) = reached.get(*name) {
                findings.push(Finding::of_file(
                    RULE,
                    manifest,
                    format!(
                        "{} must never meet {name}, and pulls it in: {}",
                        room.package,
                        chain.join(" -> ")
                    ),
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Import;

    const GROUND: Layer = Layer { package: "ground", folder: "crates/ground", ..LIBRARY };
    const UPPER: Layer = Layer {
        package: "upper",
        folder: "crates/upper",
        may_import: &["ground"],
        never: &[STORE],
        ..LIBRARY
    };

    fn room(package: &str, imports: &[(&str, Reach)]) -> Room {
        Room {
            package: package.to_owned(),
            folder: format!("crates/{package}"),
            imports: imports
                .iter()
                .map(|(package, reach)| Import { package: (*package).to_owned(), reach: *reach })
                .collect(),
        }
    }

    fn messages(rooms: Vec<Room>, edges: &[(&str, &str)]) -> Vec<String> {
        let graph = Graph::of(rooms, edges);
        check(&graph, &[GROUND, UPPER]).into_iter().map(|f| f.to_string()).collect()
    }

    #[test]
    fn a_workspace_that_keeps_its_layers_has_no_finding() {
        let rooms = vec![room("ground", &[]), room("upper", &[("ground", Reach::Product)])];
        assert_eq!(messages(rooms, &[("upper", "ground")]), [""; 0]);
    }

    #[test]
    fn a_forbidden_edge_is_named_with_what_is_allowed() {
        let rooms = vec![room("ground", &[("upper", Reach::Product)]), room("upper", &[])];
        assert_eq!(
            messages(rooms, &[]),
            ["crates/ground/Cargo.toml: ground -> upper is a forbidden edge; \
              ground may import none of our crates [layers]"]
        );
    }

    #[test]
    fn an_edge_for_tests_keeps_to_the_table_too() {
        let rooms = vec![room("ground", &[("upper", Reach::Tests)]), room("upper", &[])];
        assert_eq!(
            messages(rooms, &[]),
            ["crates/ground/Cargo.toml: ground -> upper (for tests) is a forbidden edge; \
              ground may import none of our crates [layers]"]
        );
    }

    #[test]
    fn a_crate_without_a_row_is_refused() {
        let rooms = vec![room("ground", &[]), room("upper", &[]), room("attic", &[])];
        assert_eq!(
            messages(rooms, &[]),
            ["crates/attic/Cargo.toml: the package attic has no layer; \
              give it a row in ARCHITECTURE.md and in xtask/src/layers.rs [layers]"]
        );
    }

    #[test]
    fn a_missing_crate_is_refused() {
        assert_eq!(
            messages(vec![room("ground", &[])], &[]),
            ["Cargo.toml: the package upper (crates/upper) is missing from the workspace [layers]"]
        );
    }

    #[test]
    fn a_crate_in_the_wrong_folder_is_refused() {
        let mut moved = room("ground", &[]);
        moved.folder = "crates/cellar".to_owned();
        assert_eq!(
            messages(vec![moved, room("upper", &[])], &[]),
            [
                "crates/cellar/Cargo.toml: ground lies in crates/cellar, its place is crates/ground [layers]"
            ]
        );
    }

    #[test]
    fn a_store_format_that_comes_in_by_a_detour_is_named_with_the_detour() {
        let rooms = vec![room("ground", &[]), room("upper", &[("frames", Reach::Product)])];
        assert_eq!(
            messages(rooms, &[("upper", "frames"), ("frames", "parquet")]),
            ["crates/upper/Cargo.toml: upper must never meet parquet, and pulls it in: \
              upper -> frames -> parquet [layers]"]
        );
    }

    #[test]
    fn anyhow_is_refused_in_a_library() {
        let rooms = vec![room("ground", &[("anyhow", Reach::Product)]), room("upper", &[])];
        assert_eq!(
            messages(rooms, &[]),
            [
                "crates/ground/Cargo.toml: ground imports anyhow, which is for the program and xtask; \
              give the crate's error enum a variant [layers]"
            ]
        );
    }

    #[test]
    fn the_network_is_met_by_vendors_by_what_stands_in_for_them_and_by_what_serves_a_run_alone() {
        for layer in LAYERS.iter().filter(|layer| !layer.ends_errors) {
            let may_meet = [VENDORS, VENDOR_SIM, SERVICE].contains(&layer.package);
            assert_eq!(layer.never.contains(&NETWORK), !may_meet, "{}", layer.package);
        }
    }

    #[test]
    fn a_runtime_is_met_by_what_serves_a_run_alone() {
        for layer in LAYERS.iter().filter(|layer| !layer.ends_errors) {
            assert_eq!(layer.never.contains(&ASYNC), layer.package != SERVICE, "{}", layer.package);
        }
    }

    #[test]
    fn no_row_lets_a_crate_import_a_room_above_it() {
        for (i, layer) in LAYERS.iter().enumerate() {
            for import in layer.may_import {
                let below = LAYERS[..i].iter().any(|lower| lower.package == *import);
                assert!(
                    below,
                    "{} may import {import}, which stands at or above it",
                    layer.package
                );
            }
        }
    }
}
