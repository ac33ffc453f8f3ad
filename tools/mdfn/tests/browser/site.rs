//! The documentation as a site, which .ci/book builds: does each page fit the window of a desk and
//! of a phone, and are its pictures to be seen, by day and by night?

use std::fs;
use std::future::ready;
use std::path::{Path, PathBuf};
use std::time::Duration;

use emulator::http::{Reply, Server};
use http::Response;
use http_body_util::Full;
use serde_json::Value;

use crate::chromium::Chromium;

/// Opens each page in a frame of each width and measures it there. What is in an area of the
/// text that scrolls by itself, as mdBook gives tables and code, may be wider than the page.
const LOOK: &str = r"<!doctype html><body><iframe style='border: 0; height: 800px'></iframe><script>
const frame = document.querySelector('iframe');
const luminance = (r, g, b) => {
  const [x, y, z] = [r, g, b].map(part => part / 255).map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
};
// The share of a picture that stands out from the page behind it, as the page's theme is.
const standing_out = (picture, back) => {
  const canvas = document.createElement('canvas');
  const brush = canvas.getContext('2d');
  [canvas.width, canvas.height] = [400, Math.round(400 * picture.naturalHeight / picture.naturalWidth)];
  brush.fillStyle = back;
  brush.fillRect(0, 0, 400, canvas.height);
  const ground = luminance(...brush.getImageData(0, 0, 1, 1).data);
  brush.drawImage(picture, 0, 0, 400, canvas.height);
  const pixels = brush.getImageData(0, 0, 400, canvas.height).data;
  let count = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    const light = luminance(pixels[at], pixels[at + 1], pixels[at + 2]);
    count += (Math.max(light, ground) + 0.05) / (Math.min(light, ground) + 0.05) >= 3;
  }
  return count / (pixels.length / 4);
};
const measure = (page, width) => {
  const view = frame.contentWindow, root = view.document.documentElement, theme = root.className;
  const scrolls = it => ['auto', 'scroll'].includes(view.getComputedStyle(it).overflowX);
  const within = it => it.tagName != 'MAIN' && (scrolls(it) || within(it.parentElement));
  const outside = [...root.querySelectorAll('main *')].filter(it => {
    const area = it.getBoundingClientRect();
    return area.width > 0 && (area.right > width + 0.5 || area.left < -0.5) && !within(it.parentElement);
  });
  const pictures = [...root.querySelectorAll('main img')].filter(picture => picture.checkVisibility()).map(picture => ({
    source: picture.getAttribute('src'),
    width: picture.naturalWidth && picture.getBoundingClientRect().width,
    shows: ['light', 'navy'].map(theme => {
      root.classList.remove('light', 'navy');
      root.classList.add(theme);
      return picture.naturalWidth && standing_out(picture, view.getComputedStyle(root).backgroundColor);
    }),
  }));
  return { page, width, theme, inner: view.innerWidth, wide: root.scrollWidth, pictures,
    outside: outside.map(it => it.outerHTML.slice(0, 120)) };
};
(async () => {
  const found = [];
  for (const width of WIDTHS) {
    frame.style.width = width + 'px';
    for (const page of PAGES) {
      await new Promise(done => { frame.onload = done; frame.src = '/' + page; });
      found.push(measure(page, width));
    }
  }
  const text = document.createElement('pre');
  text.id = 'found';
  text.textContent = JSON.stringify(found).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e').replaceAll('&', '\\u0026');
  document.body.replaceChildren(text);
})();
</script></body>";
/// The widths of a desk and of a phone, in pixels.
const WIDTHS: &str = "[1280, 360]";
/// The longest that all pages may take in one theme.
const BOUND: Duration = Duration::from_secs(300);

fn site() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/book")
}

/// The pages below a folder of the site, but for those that are no page of the book.
fn pages(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|_| panic!("no site: .ci/book builds it"));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|extension| extension == "html") {
            found.push(path.strip_prefix(site()).unwrap().to_str().unwrap().to_owned());
        }
    }
    found.retain(|page| !["404.html", "print.html", "toc.html"].contains(&page.as_str()));
    found.sort();
    found
}

/// A file of the site, or the page that looks at the others.
fn answer(path: &str, look: &str) -> Reply {
    let kind = match path.rsplit_once('.').map_or("html", |(_, extension)| extension) {
        "css" => "text/css",
        "js" => "text/javascript",
        "svg" => "image/svg+xml",
        "html" => "text/html; charset=utf-8",
        _ => "application/octet-stream",
    };
    let file = match path {
        "/" => Ok(look.as_bytes().to_vec()),
        _ => fs::read(site().join(path.trim_start_matches('/'))),
    };
    let (status, body) = file.map_or((404, Vec::new()), |body| (200, body));
    let head = Response::builder().status(status).header("content-type", kind);
    head.body(Full::from(body)).unwrap()
}

/// What was measured of each page at each width, in this theme.
async fn measured(browser: Chromium) -> Vec<Value> {
    let pages = pages(&site());
    assert!(pages.len() > 20, "{pages:?}");
    let look = LOOK.replace("PAGES", &format!("{pages:?}")).replace("WIDTHS", WIDTHS);
    let server = Server::start(0, move |request| ready(answer(request.uri().path(), &look)));
    let server = server.await.unwrap();
    let url = format!("http://{}/", server.address);
    let drawn = tokio::task::spawn_blocking(move || browser.within(BOUND).open(&url));
    let dom = drawn.await.unwrap().dom;
    let (_, found) = dom.split_once("<pre id=\"found\">").unwrap_or_else(|| panic!("{dom}"));
    let found: Vec<Value> = serde_json::from_str(found.split_once("</pre>").unwrap().0).unwrap();
    assert_eq!(found.len(), pages.len() * 2);
    found
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Chromium and the site; .ci/browser runs them"]
async fn every_page_fits_a_desk_and_a_phone_and_shows_its_pictures_by_day_and_by_night() {
    let window = Chromium::new(1300, 820);
    let (mut mistakes, mut pictures) = (Vec::new(), 0);
    for (browser, theme) in [(window, "light"), (window.dark(), "navy")] {
        for found in measured(browser).await {
            let fits = found["inner"] == found["width"]
                && found["wide"].as_f64() <= found["width"].as_f64()
                && found["outside"].as_array().unwrap().is_empty();
            let themed = found["theme"].as_str().unwrap().contains(theme);
            let shown = |picture: &Value| {
                pictures += 1;
                let shows = picture["shows"].as_array().unwrap().iter();
                picture["width"].as_f64() > Some(200.0)
                    && shows.map(|share| share.as_f64().unwrap()).all(|share| share > 0.005)
            };
            let shown = found["pictures"].as_array().unwrap().iter().all(shown);
            if !(fits && themed && shown) {
                mistakes.push(format!("{theme}: {found}"));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    assert!(pictures >= 4, "only {pictures} pictures");
}
