//! Draws how the time to an answer is distributed: one panel an input, one curve a system, time on
//! a logarithmic axis.

use std::fmt::Write as _;

use crate::evaluation::replay::{Key, Origin};

/// Size of a panel's plane, in pixels.
const PLANE: (f64, f64) = (560.0, 260.0);
/// Room left of a plane, above it, right of it, below it.
const ROOM: (f64, f64, f64, f64) = (64.0, 64.0, 24.0, 52.0);
/// Colours that people tell apart who see few (Okabe and Ito, 2008).
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// The picture; `keys` by input and system.
pub(super) fn plot(systems: &[String], inputs: &[String], keys: &[Vec<Vec<Key>>]) -> String {
    let curves: Vec<Vec<Curve>> = keys
        .iter()
        .map(|keys| keys.iter().map(|keys| Curve::of(keys)).collect())
        .collect();
    let times = || curves.iter().flatten().flat_map(|curve| &curve.times);
    let least = times()
        .copied()
        .fold(f64::INFINITY, f64::min)
        .clamp(0.001, 1000.0);
    let most = times().copied().fold(0.0, f64::max).max(10.0 * least);
    let axis = Axis {
        from: least.log10().floor(),
        to: most.log10().ceil(),
    };
    let (width, panel) = (ROOM.0 + PLANE.0 + ROOM.2, ROOM.1 + PLANE.1 + ROOM.3);
    let height = panel * inputs.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"system-ui, Segoe UI, Helvetica, \
         Arial, sans-serif\" font-size=\"13\" fill=\"#333333\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    );
    for (idx, (input, curves)) in inputs.iter().zip(&curves).enumerate() {
        let top = idx as f64 * panel + ROOM.1;
        _ = writeln!(svg, "<g transform=\"translate({:.0} {top:.0})\">", ROOM.0);
        text(
            &mut svg,
            (0.0, -40.0),
            "start",
            "font-weight=\"600\"",
            input,
        );
        axis.draw(&mut svg);
        let mut legend = 0.0;
        for ((system, curve), colour) in systems.iter().zip(curves).zip(COLOURS.iter().cycle()) {
            curve.draw(&mut svg, &axis, colour);
            let label = format!("{system}: {}", curve.summary());
            let style = format!("fill=\"{colour}\" font-weight=\"600\"");
            text(&mut svg, (legend, -18.0), "start", &style, &label);
            // As wide as such letters are, with room behind.
            legend += label.chars().count() as f64 * 7.2 + 24.0;
        }
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

/// Times in milliseconds, ascending, and how many keys they are of: those whose answer never came
/// are counted too.
struct Curve {
    times: Vec<f64>,
    n_keys: usize,
}

impl Curve {
    fn of(keys: &[Key]) -> Curve {
        let asked = || keys.iter().filter(|key| key.reply.origin != Origin::Nobody);
        let mut times: Vec<f64> = asked()
            .filter_map(|key| Some(key.reply.after?.as_secs_f64() * 1000.0))
            .collect();
        times.sort_by(f64::total_cmp);
        Curve {
            times,
            n_keys: asked().count(),
        }
    }

    /// The time by which so many of the keys are answered.
    fn quantile(&self, share: f64) -> Option<f64> {
        let rank = (self.n_keys as f64 * share).ceil() as usize;
        self.times.get(rank.max(1) - 1).copied()
    }

    fn summary(&self) -> String {
        let time = |share| {
            let time = self.quantile(share);
            time.map_or_else(|| "never".to_owned(), |ms| format!("{} ms", rounded(ms)))
        };
        format!("p50 {}, p95 {}", time(0.5), time(0.95))
    }

    fn draw(&self, svg: &mut String, axis: &Axis, colour: &str) {
        let y = |n: usize| PLANE.1 * (1.0 - n as f64 / self.n_keys.max(1) as f64);
        let mut path = format!("M0 {:.1}", PLANE.1);
        for (n, time) in self.times.iter().enumerate() {
            _ = write!(path, "H{:.1}V{:.1}", axis.x(*time), y(n + 1));
        }
        if !self.times.is_empty() {
            _ = write!(path, "H{:.1}", PLANE.0);
        }
        _ = writeln!(
            svg,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>"
        );
        if let Some(median) = self.quantile(0.5) {
            _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"{colour}\" stroke=\"#ffffff\"/>",
                axis.x(median),
                PLANE.1 / 2.0
            );
        }
    }
}

/// The axis of time: powers of ten of a millisecond.
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    fn x(&self, ms: f64) -> f64 {
        let share = (ms.log10() - self.from) / (self.to - self.from);
        PLANE.0 * share.clamp(0.0, 1.0)
    }

    fn draw(&self, svg: &mut String) {
        let grid = |svg: &mut String, from: (f64, f64), to: (f64, f64), colour: &str| {
            _ = writeln!(
                svg,
                "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{colour}\"/>",
                from.0, from.1, to.0, to.1
            );
        };
        for percent in [0, 25, 50, 75, 95, 100] {
            let y = PLANE.1 * (1.0 - f64::from(percent) / 100.0);
            grid(svg, (0.0, y), (PLANE.0, y), "#e4e4e4");
            if percent != 95 {
                text(svg, (-8.0, y + 4.0), "end", "", &format!("{percent} %"));
            }
        }
        let mut power = self.from;
        while power <= self.to {
            let ms = 10_f64.powf(power);
            let x = self.x(ms);
            grid(svg, (x, 0.0), (x, PLANE.1), "#e4e4e4");
            let label = match ms >= 1000.0 {
                true => format!("{} s", rounded(ms / 1000.0)),
                false => format!("{} ms", rounded(ms)),
            };
            text(svg, (x, PLANE.1 + 18.0), "middle", "", &label);
            power += 1.0;
        }
        let title = "keys answered within this time";
        text(svg, (PLANE.0 / 2.0, PLANE.1 + 38.0), "middle", "", title);
    }
}

fn text(svg: &mut String, at: (f64, f64), anchor: &str, style: &str, content: &str) {
    let content = content.replace('&', "&amp;").replace('<', "&lt;");
    _ = writeln!(
        svg,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" {style}>{content}</text>",
        at.0, at.1
    );
}

/// Two digits that say something, or all that are before the point.
fn rounded(value: f64) -> String {
    match value {
        10.0.. => format!("{value:.0}"),
        1.0.. => format!("{}", (value * 10.0).round() / 10.0),
        _ => format!("{}", (value * 1000.0).round() / 1000.0),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::evaluation::replay::Reply;

    fn keys(times: &[u64]) -> Vec<Key> {
        let key = |ms: &u64| Key {
            reply: Reply {
                after: (*ms > 0).then(|| Duration::from_millis(*ms)),
                ..Reply::default()
            },
            n_typed: 1,
            is_new: false,
            n_right: 0,
            n_taken: 0,
            breaks: None,
        };
        times.iter().map(key).collect()
    }

    #[test]
    fn a_curve_rises_by_one_key_at_each_time() {
        let inputs = ["a & b.py".to_owned()];
        let systems = ["ours".to_owned(), "theirs".to_owned()];
        // A zero is a key whose answer never came.
        let svg = plot(
            &systems,
            &inputs,
            &[vec![keys(&[1, 10, 10, 100]), keys(&[1000, 0])]],
        );
        let shown: Vec<&str> = svg
            .lines()
            .filter_map(|line| {
                line.strip_suffix("</text>")?
                    .rsplit_once('>')
                    .map(|(_, text)| text)
            })
            .filter(|text| text.contains("p50") || text.contains(".py"))
            .collect();
        assert_eq!(
            shown,
            [
                "a &amp; b.py",
                "ours: p50 10 ms, p95 100 ms",
                "theirs: p50 1000 ms, p95 never"
            ]
        );
        // Three decades: 1 ms lies at the left, 10 ms at a third, 1 s at the right.
        assert!(
            svg.contains("M0 260.0H0.0V195.0H186.7V130.0H186.7V65.0H373.3V0.0H560.0"),
            "{svg}"
        );
        assert!(svg.contains("M0 260.0H560.0V130.0H560.0"), "{svg}");
    }
}
