//! Readable and usable by everybody: sizes, contrast, names, and the keyboard.

use super::tab::Tab;
use super::{console, deny};
use crate::harness::{Stage, ids};
use chromiumoxide::cdp::browser_protocol::accessibility::GetFullAxTreeParams;
use std::collections::BTreeSet;

/// Everything the page can show is shown.
async fn full() -> (Stage, Tab) {
    let stage = Stage::lifted().await;
    let track = ids::tracks(0, 1)[0];
    stage.get(&ids::list("/v1/track", &[&track.spotify])).await;
    let long = format!("/v1/track/search?searchText={}&size=5000", "x".repeat(300));
    deny(&stage, &[(&long, &"must be less ".repeat(30)), ("/v1/track/search?searchText=a&size=99", "no")])
        .await;
    let tab = console(&stage).await;
    tab.until_says("#denials-count", "2 requests").await;
    tab.fill("#ids-id", &track.spotify).await;
    tab.press("Enter").await;
    tab.until_says("#ids-found", &track.id).await;
    tab.click("#configuration-all summary").await;
    tab.until("the plots", "document.querySelectorAll('#strips svg').length >= 5").await;
    (stage, tab)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_wider_than_the_window() {
    let (_stage, tab) = full().await;
    for width in [390, 768, 1280] {
        for theme in ["light", "dark"] {
            tab.show(theme, width).await;
            tab.until("the plots of this width", "[...document.querySelectorAll('.plot')].every((plot) => plot.firstChild.clientWidth <= plot.clientWidth)").await;
            let wide: Vec<String> = tab.value(WIDE).await;
            assert!(wide.is_empty(), "at {width} px, {theme}: {wide:#?}");
        }
    }
    tab.done(&[]).await;
}

/// Elements that stick out of the window, by what they are.
const WIDE: &str = "[...document.querySelectorAll('body *')]
    .filter((it) => it.checkVisibility() && !it.closest('.unseen, .skip, svg, thead') && it.getBoundingClientRect().right > innerWidth + 0.5)
    .map((it) => `${it.tagName} ${it.id} ${it.className} ${it.innerText?.slice(0, 40)}`)
    .concat(document.documentElement.scrollWidth > innerWidth ? ['the page scrolls'] : [])";

#[tokio::test(flavor = "multi_thread")]
async fn text_has_contrast_in_both_themes() {
    let (_stage, tab) = full().await;
    for theme in ["light", "dark"] {
        tab.show(theme, 1280).await;
        let faint: Vec<String> = tab.value(FAINT).await;
        assert!(faint.is_empty(), "{theme}: {faint:#?}");
        let texts: usize = tab.value("document.querySelectorAll('p, td, dt').length").await;
        assert!(texts > 50, "only {texts} texts were there to be looked at");
    }
    tab.done(&[]).await;
}

/// Texts of less contrast than WCAG 2 AA asks for: 4.5, or 3 when large; lines of plots 3.
const FAINT: &str = "(() => {
    const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
    const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
        .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
    const ground = (it) => {
        for (; it; it = it.parentElement) {
            const back = channels(getComputedStyle(it).backgroundColor);
            if (back.length === 3 || back[3] > 0) return back;
        }
        return [255, 255, 255];
    };
    const ratio = (one, other) => {
        const [high, low] = [light(one), light(other)].sort((a, b) => b - a);
        return (high + 0.05) / (low + 0.05);
    };
    const faint = [];
    for (const it of document.querySelectorAll('body *')) {
        const own = [...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
        if (!own || !it.checkVisibility() || it.closest(':disabled, script')) continue;
        const style = getComputedStyle(it);
        const colour = it.closest('svg') ? style.fill : style.color;
        const large = parseFloat(style.fontSize) >= 24;
        const found = ratio(channels(colour), ground(it));
        if (found < (large ? 3 : 4.5)) faint.push(`${found.toFixed(2)} ${it.tagName} ${it.className.baseVal ?? it.className} ${it.textContent.slice(0, 40)}`);
    }
    for (const it of document.querySelectorAll('.curve')) {
        const found = ratio(channels(getComputedStyle(it).stroke), ground(it));
        if (found < 3) faint.push(`${found.toFixed(2)} curve ${it.dataset.series}`);
    }
    return faint;
})()";

#[tokio::test(flavor = "multi_thread")]
async fn every_control_has_a_name() {
    let (_stage, tab) = full().await;
    let tree = tab.page.execute(GetFullAxTreeParams::default()).await.expect("an accessibility tree");
    let text = |value: &Option<chromiumoxide::cdp::browser_protocol::accessibility::AxValue>| {
        let value = value.as_ref().and_then(|value| value.value.as_ref());
        value.and_then(|value| value.as_str()).unwrap_or_default().trim().to_owned()
    };
    let roles = [
        "button",
        "link",
        "textbox",
        "combobox",
        "checkbox",
        "radio",
        "slider",
        "meter",
        "progressbar",
        "dialog",
        "navigation",
        "region",
        "table",
    ];
    let controls: Vec<(String, String)> = (tree.nodes.iter())
        .filter(|node| !node.ignored)
        .map(|node| (text(&node.role), text(&node.name)))
        .filter(|(role, _)| roles.contains(&role.as_str()))
        .collect();
    assert!(controls.len() > 30, "only {controls:?}");
    let nameless: Vec<_> =
        controls.iter().filter(|(role, name)| name.is_empty() && role != "table").collect();
    assert!(nameless.is_empty(), "{nameless:?}");
    let sliders = controls.iter().filter(|(role, _)| role == "slider").count();
    assert_eq!(sliders, 5, "one for each plot");
    tab.done(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_reaches_everything_in_order() {
    let (_stage, tab) = full().await;
    // What a person expects to reach; of a group of radio buttons the chosen one.
    let wanted: BTreeSet<String> = tab
        .value(
            "(() => { let n = 0; return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex=\"0\"]')]
                .filter((it) => it.checkVisibility() && !it.disabled && !(it.type === 'radio' && !it.checked))
                .map((it) => (it.dataset.stop = `${++n} ${it.tagName} ${it.id}`)); })()",
        )
        .await;
    let _: Option<bool> = tab.value("document.activeElement.blur()").await;
    let mut reached = Vec::new();
    for _ in 0..wanted.len() + 10 {
        tab.press("Tab").await;
        let stop: Option<String> = tab.value("document.activeElement.dataset.stop").await;
        reached.extend(stop);
    }
    let all: BTreeSet<String> = reached.iter().cloned().collect();
    let missed: Vec<_> = wanted.difference(&all).collect();
    assert!(missed.is_empty(), "not reached: {missed:#?}");
    let number = |stop: &String| stop.split(' ').next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    let mut order: Vec<usize> = reached.iter().map(number).collect();
    order.dedup();
    let turns = order.windows(2).filter(|pair| pair[0] > pair[1]).count();
    assert!(turns <= 1, "the order jumps back: {order:?}");
    let skip: String = tab.value("document.querySelector('.skip').dataset.stop").await;
    assert_eq!(number(&skip), 1, "the skip link comes first");
    tab.done(&[]).await;
}
