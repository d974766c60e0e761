"""How good predictions are: metrics, calibration, confidence intervals, plots, report. A leaf."""
