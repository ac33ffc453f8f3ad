//! `mdfn logs --html`: is what the log says to be seen on the page, at its place, by day, by night
//! and on a phone?

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::chromium::{Chromium, Drawn};
use crate::picture::{Area, Colour, Picture};

const DESK: Chromium = Chromium::new(1000, 2600);
const PHONE: Chromium = Chromium::new(360, 3000);
/// The colours of the bright page.
const SUCCESS: Colour = [0x2f, 0x9e, 0x5f];
const CLIENT: Colour = [0xbf, 0x6a, 0x02];
const SERVER: Colour = [0xd1, 0x24, 0x2f];
const PARTS: [(Colour, f64); 5] = [
    ([0x12, 0x95, 0x9c], 700.0),
    ([0x82, 0x50, 0xdf], 1400.0),
    ([0xd6, 0x58, 0x9f], 2800.0),
    ([0x2f, 0x6f, 0xdb], 21_000.0),
    ([0x98, 0xa1, 0xab], 2100.0),
];
/// Between the edge of a chart and its plot, left, right, above, and the plot's height, in pixels.
const PLOT: (f64, f64, f64, f64) = (64.0, 16.0, 10.0, 240.0);

/// Five calls in forty seconds; the third is as long as `PARTS` says.
const LOG: &str = r#"
{"time":"2026-11-25T03:00:00Z","data":{"message":"call=01A level=info message=predicted status=200 tries=1 check_ms=0.1 sign_ms=1.5 connect_ms=8 wait_ms=90.4 ms=100 start=cold opc_request_id=csid00000000000000000000000000000001/00000000000000000000000000000000002"}}
{"time":"2026-11-25T03:00:10Z","data":{"message":"call=01B level=info message=predicted status=200 tries=1 check_ms=0.1 sign_ms=1.5 connect_ms=0 wait_ms=8.4 ms=10 start=warm"}}
{"time":"2026-11-25T03:00:20Z","data":{"message":"call=01C level=error message=\"no answer: in time\" status=504 code=DeploymentTimedOut tries=2 check_ms=700 sign_ms=1400 connect_ms=2800 wait_ms=21000 ms=28000 start=warm"}}
{"time":"2026-11-25T03:00:30Z","data":{"message":"call=01D level=warn message=\"the target is refused\" status=403 code=TargetNotAllowed tries=0 check_ms=1 sign_ms=0 connect_ms=0 wait_ms=0 ms=1 start=warm"}}
{"time":"2026-11-25T03:00:40Z","data":{"message":"call=01E level=info message=predicted status=200 tries=1 check_ms=0.1 sign_ms=1.5 connect_ms=0 wait_ms=8.4 ms=10 start=warm"}}
"#;

/// The page that `mdfn` writes about a log.
fn page(log: &str) -> String {
    let directory = tempfile::tempdir().unwrap();
    let [source, page] = ["function.log", "calls.html"].map(|name| directory.path().join(name));
    fs::write(&source, log).unwrap();
    let done = Command::new(env!("CARGO_BIN_EXE_mdfn"))
        .args(["logs".as_ref(), source.as_os_str(), "--html".as_ref(), page.as_os_str()])
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    fs::read_to_string(page).unwrap()
}

/// The page with a script at its end, which gives a value of JSON.
fn with_script(page: &str, script: &str) -> String {
    format!(
        "{page}<script>document.body.dataset.found = JSON.stringify((() => {{ {script} }})())</script>"
    )
}

/// What a script finds on the page. The page itself runs none, so its rule is taken off.
fn found(browser: Chromium, page: &str, script: &str) -> Value {
    let (before, rest) = page.split_once("<meta http-equiv=\"Content-Security-Policy\"").unwrap();
    let (_, after) = rest.split_once('>').unwrap();
    let Drawn { dom, .. } = browser.open_html(&with_script(&[before, after].concat(), script));
    let (_, value) = dom.split_once("data-found=\"").unwrap();
    let (value, _) = value.split_once('"').unwrap();
    serde_json::from_str(&value.replace("&quot;", "\"").replace("&amp;", "&")).unwrap()
}

/// Where the elements that fit a selector stand.
fn areas(browser: Chromium, page: &str, selector: &str) -> Vec<Area> {
    let script = format!(
        "return [...document.querySelectorAll('{selector}')].map(element => element.getBoundingClientRect())
            .map(area => [area.left, area.top, area.width, area.height].map(Math.round))"
    );
    let areas: Vec<[u32; 4]> = serde_json::from_value(found(browser, page, &script)).unwrap();
    areas.into_iter().map(|[left, top, width, height]| Area { left, top, width, height }).collect()
}

fn near(pixels: u32, expected: f64) -> bool {
    (f64::from(pixels) - expected).abs() <= 1.5
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs them"]
fn a_part_of_a_slow_call_is_as_many_pixels_long_as_its_share_says() {
    let page = page(LOG);
    let picture = DESK.open_html(&page).picture;
    let bars = areas(DESK, &page, ".bar");
    assert_eq!(bars.len(), 5);
    assert!(bars[0].width > 900 && bars[0].height == 16, "{bars:?}");
    let scale = f64::from(bars[0].width) / 28_000.0;
    let mut from = f64::from(bars[0].left);
    for (colour, ms) in PARTS {
        let part = picture.bounds(colour, bars[0]).unwrap();
        assert!(near(part.left, from) && near(part.width, ms * scale), "{ms}: {part:?}");
        from += ms * scale;
    }
    // The next is a 280th of it.
    let track = areas(DESK, &page, "li:nth-child(2) .track")[0];
    assert!(near(track.width, f64::from(bars[0].width) / 280.0), "{track:?}");
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs them"]
fn a_call_stands_at_its_time_and_the_longer_the_higher_in_the_colour_of_its_outcome() {
    let page = page(LOG);
    let picture = DESK.open_html(&page).picture;
    let chart = areas(DESK, &page, ".chart")[0];
    let (left, right, above, height) = PLOT;
    let width = f64::from(chart.width) - left - right;
    // From 1 ms to 100 s, five decades.
    let place = |second: f64, ms: f64| {
        let x = f64::from(chart.left) + left + width * second / 40.0;
        (x, f64::from(chart.top) + above + height * (1.0 - ms.log10() / 5.0))
    };
    let stands = |colour: Colour, second: f64, ms: f64| {
        let (x, y) = place(second, ms);
        // The column around the time, as high as the chart.
        let from = before(x);
        let column = Area { left: from, width: 20, ..chart };
        let mark =
            picture.bounds(colour, column).unwrap_or_else(|| panic!("{colour:?} at {second}"));
        let middle = (mark.left * 2 + mark.width, mark.top * 2 + mark.height);
        assert!(near(middle.0, x * 2.0) && near(middle.1, y * 2.0), "{mark:?}, not at {x}, {y}");
        mark
    };
    let timeout = stands(SERVER, 20.0, 28_000.0);
    let fast = stands(SUCCESS, 10.0, 10.0);
    stands(CLIENT, 30.0, 1.0);
    stands(SUCCESS, 40.0, 10.0);
    stands(SUCCESS, 0.0, 100.0);
    assert!(timeout.top + timeout.height < fast.top, "{timeout:?} {fast:?}");
    // Of its eight pixels some at the edges are half drawn; another of the colour there is not.
    assert!((7..=8).contains(&timeout.width) && (7..=8).contains(&timeout.height), "{timeout:?}");
    assert_eq!(picture.bounds(SERVER, chart), Some(timeout));
    // The first of a process has a ring, nearly as dark as the text; the others have none.
    let ring = |second: f64, ms: f64| {
        let (left, top) = place(second, ms);
        let (left, top) = (before(left), before(top));
        let places = (left..left + 20).flat_map(|x| (top..top + 20).map(move |y| (x, y)));
        places.filter(|(x, y)| picture.pixel(*x, *y).iter().all(|part| *part < 0x40)).count()
    };
    assert!(ring(0.0, 100.0) > 8 && ring(10.0, 10.0) == 0, "{}", ring(0.0, 100.0));
}

/// Ten pixels before this place.
fn before(place: f64) -> u32 {
    format!("{:.0}", place - 10.0).parse().unwrap()
}

/// The least contrast of any text with what is behind it, as WCAG counts it, and the text.
const CONTRAST: &str = "
    const light = colour => {
        const [r, g, b] = colour.match(/[0-9.]+/g).map(Number).map(part => part / 255)
            .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const back = element => {
        const colour = getComputedStyle(element).backgroundColor;
        return colour == 'rgba(0, 0, 0, 0)' ? back(element.parentElement) : colour;
    };
    let least = [99, ''];
    for (const element of document.querySelectorAll('body *:not(script, title, style)')) {
        if (![...element.childNodes].some(node => node.nodeType == 3 && node.data.trim())) continue;
        const style = getComputedStyle(element);
        const text = light(element instanceof SVGElement ? style.fill : style.color);
        const behind = light(back(element));
        const contrast = (Math.max(text, behind) + 0.05) / (Math.min(text, behind) + 0.05);
        if (contrast < least[0]) least = [contrast, element.textContent];
    }
    return least;
";

#[test]
#[ignore = "needs Chromium; .ci/browser runs them"]
fn every_text_stands_out_by_day_and_by_night() {
    let page = page(LOG);
    for browser in [DESK, DESK.dark()] {
        let least = found(browser, &page, CONTRAST);
        assert!(least[0].as_f64().unwrap() >= 4.5, "{browser:?}: {least}");
        assert!(least[0].as_f64().unwrap() < 21.0, "{browser:?}: {least}");
    }
    let dark: Picture = DESK.dark().open_html(&page).picture;
    let heading = areas(DESK, &page, "h1")[0];
    assert_eq!(dark.pixel(1, 1), [0x0f, 0x13, 0x18]);
    assert!(dark.count([0xe8, 0xec, 0xf1], heading) > 100, "no bright heading");
}

/// What stands out of the window at its sides, but for the cells of a table that is scrolled by
/// itself.
const OUTSIDE: &str = "
    const wide = document.documentElement.scrollWidth;
    const outside = [...document.querySelectorAll('body *')].filter(element => {
        const area = element.getBoundingClientRect();
        if (element.parentElement.closest('.scroll')) return false;
        return area.width > 0 && (area.left < 0 || area.right > innerWidth);
    });
    const scrolled = [...document.querySelectorAll('.scroll')].some(it => it.scrollWidth > it.clientWidth);
    return [innerWidth, wide, scrolled, outside.map(element => element.outerHTML.slice(0, 200))];
";

#[test]
#[ignore = "needs Chromium; .ci/browser runs them"]
fn nothing_stands_out_of_a_phone() {
    let long = format!(
        "call={0} level=error message={0} status={0} code={0} tries={0} check_ms=9e8 sign_ms=9e8 connect_ms=9e8 wait_ms=9e8 ms=1e9 opc_request_id={0}\n",
        "W".repeat(500)
    );
    for (log, scrolled) in
        [(LOG, false), (&long, true), (&format!("{long}status=200 ms=0\n"), true)]
    {
        let outside = found(PHONE, &page(log), OUTSIDE);
        assert_eq!(outside, serde_json::json!([360, 360, scrolled, []]));
    }
}

#[test]
#[ignore = "needs Chromium; .ci/browser runs them"]
fn no_script_of_the_log_is_run_and_the_page_would_not_let_it() {
    let hostile = "\"><script>document.body.dataset.owned = 1</script><img src=x onerror='document.body.dataset.owned = 1'>";
    let fields = ["call", "status", "code", "message", "tries", "opc_request_id", "start"];
    let mut line = serde_json::json!({ "ms": 5, "level": "error" });
    for field in fields {
        line[field] = hostile.into();
    }
    let page = page(&line.to_string());
    let owned = found(DESK, &page, "return document.body.dataset.owned ?? 'no'");
    assert_eq!(owned, "no");
    // With its rule, the page runs not even a script that stands in it.
    let dom = DESK.open_html(&with_script(&page, "return 1")).dom;
    assert!(dom.contains("<script>document.body.dataset.found") && !dom.contains("data-found"));
}
