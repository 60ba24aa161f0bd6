//! The precision–coverage curve as a picture.

/// Size of the picture and of its frame, in pixels.
const SIZE: (f64, f64) = (640.0, 400.0);
const MARGIN: (f64, f64) = (56.0, 40.0);

/// Colours that people with any colour vision tell apart (Okabe and Ito, 2008).
const COLOURS: [&str; 4] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7"];

/// Lines through points in percent, with their names.
pub fn svg(title: &str, curves: &[(&str, Vec<(f64, f64)>)]) -> String {
    let (width, height) = SIZE;
    let x = |percent: f64| MARGIN.0 + percent / 100.0 * (width - 2.0 * MARGIN.0);
    let y = |percent: f64| height - MARGIN.1 - percent / 100.0 * (height - 2.0 * MARGIN.1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{}\" y=\"22\" font-size=\"14\">{title}</text>\n",
        MARGIN.0
    );
    for percent in [0.0, 20.0, 40.0, 60.0, 80.0, 100.0] {
        svg.push_str(&format!(
            "<path d=\"M{:.1} {:.1}H{:.1}\" stroke=\"#dddddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{percent} %</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{percent} %</text>\n",
            x(0.0),
            y(percent),
            x(100.0),
            x(0.0) - 6.0,
            y(percent) + 4.0,
            x(percent),
            y(0.0) + 18.0,
        ));
    }
    for (n, (name, points)) in curves.iter().enumerate() {
        let colour = COLOURS[n % COLOURS.len()];
        // A point a third of a percent is as fine as the picture shows.
        let mut last = f64::NEG_INFINITY;
        let mut path = String::new();
        for (coverage, precision) in points {
            if coverage - last < 0.33 {
                continue;
            }
            let letter = if path.is_empty() { 'M' } else { 'L' };
            path.push_str(&format!("{letter}{:.1} {:.1}", x(*coverage), y(*precision)));
            last = *coverage;
        }
        let line = 54.0 + 18.0 * n as f64;
        svg.push_str(&format!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\n\
             <path d=\"M{:.1} {line}h20\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{name}</text>\n",
            width - 230.0,
            width - 204.0,
            line + 4.0,
        ));
    }
    svg.push_str(&format!(
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">cursors with a suggestion</text>\n\
         <text transform=\"translate(16 {:.1}) rotate(-90)\" text-anchor=\"middle\">suggestions kept</text>\n\
         </svg>\n",
        x(50.0),
        height - 6.0,
        y(50.0),
    ));
    svg
}
