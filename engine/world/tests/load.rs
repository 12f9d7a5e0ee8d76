//! Curves of load.

use aegis_world::Curve;

#[test]
fn curves_are_as_written() {
    let burst = |every| Curve::Burst {
        base: 10.0,
        peak: 50.0,
        at: 60.0,
        lasts: 30.0,
        every,
    };
    let wave = Curve::Diurnal {
        mean: 100.0,
        amplitude: 0.5,
        period: 400.0,
        phase: 0.0,
    };
    let steps = Curve::Steps(vec![(0.0, 5.0), (10.0, 7.0)]);
    let cases = [
        (&Curve::Constant(3.0), 50.0, 3.0),
        (&burst(None), 59.0, 10.0),
        (&burst(None), 60.0, 50.0),
        (&burst(None), 90.0, 10.0),
        (&burst(Some(100.0)), 165.0, 50.0),
        (&burst(Some(100.0)), 195.0, 10.0),
        (&burst(Some(100.0)), 20.0, 10.0),
        (&wave, 0.0, 100.0),
        (&wave, 100.0, 150.0),
        (&wave, 300.0, 50.0),
        (&steps, -20.0, 5.0),
        (&steps, 9.9, 5.0),
        (&steps, 10.0, 7.0),
        (&Curve::Steps(vec![]), 1.0, 0.0),
    ];
    for (curve, at, rate) in cases {
        assert!(
            (curve.at(at) - rate).abs() < 1e-9,
            "{curve:?} at {at}: {}",
            curve.at(at)
        );
    }
}
