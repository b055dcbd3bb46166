"""Which share of a stage's learning rate do parts take that are unlike the rest?"""

BACKBONE_RATE = 0.3  # of the detector's layers that start from published weights
SERVER_RATE = 0.3  # of trunk, neck and head, which start trained
PRIOR_RATE = 15.0  # of a prior's scales, or it lags behind and bits mislead
