/*
 * X(detector): every detector, in the order of the manual.  Included without
 * a guard, once for each use of the list.
 */
X(error_rate_detector)
