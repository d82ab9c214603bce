"""From users to companies: the jobs that move the former system over, run by staff.

`sources` reads the former system, `staging` puts its rows where functions of the database find
them, `importing` calls these functions batch by batch. What a row becomes is decided in
`sql/functions/legacy/`, described in docs/legacy-mapping.md. `proving` then shows
that nobody sees more or less than before, `cohorts` and `rollout` switch the colleague features on
week by week. Request code never imports this.
"""
