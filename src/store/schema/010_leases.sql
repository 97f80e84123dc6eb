-- Jobs that somebody works on, by the time at which that no longer counts.
CREATE INDEX analysis_lease ON analysis(lease_until) WHERE state = 'running';
CREATE INDEX report_lease ON report(lease_until) WHERE state = 'running';
CREATE INDEX delivery_lease ON delivery(lease_until) WHERE state = 'running';
