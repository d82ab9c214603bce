"""From users to companies: the jobs that move the former system over, run by staff.

`sources` reads the former system, `staging` puts its rows where functions of the database find
them, `importing` calls these functions batch by batch. What a row becomes is decided in
`sql/functions/legacy/`, described in docs/legacy-mapping.md. Then `service/jobs/rollout`
takes over.
"""
