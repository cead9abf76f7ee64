"""A pack that rings often on a simulated feed: many alerts that grow, merge, escalate, reopen and expire."""

SENSITIVE = """
rules:
  - id: dense
    kind: cluster
    from: [grid, police110, cityops, hotline12345]
    where: kind == "report"
    radius: 900m
    within: 90m
    fire: distinct(place) >= 3
    severity: {red: distinct(place) >= 8, orange: distinct(place) >= 5, yellow: true}
    resolve: {quiet: 2h}
    summary: "{{distinct(place)}} places, the latest {{last(id)}}"
  - id: busy-town
    kind: window
    from: [grid, police110, cityops, hotline12345]
    where: kind == "report" && has(area.town)
    key: [area.town, category.top(1)]
    within: 1d
    fire: count() >= 6
    severity: {orange: count() >= 9, yellow: true}
    resolve: {quiet: 12h}
    reopen: 1d
    summary: "{{count()}} reports, {{distinct(place)}} places"
  - id: many-people
    kind: window
    from: [grid, police110, hotline12345, mediation, visit]
    where: kind == "report" && has(area.village)
    key: [area.village]
    within: 3d
    fire: distinct(reporter) >= 3
    severity: {red: distinct(reporter) >= 6, yellow: true}
    update: {every: 6h, on: severity}
    resolve: {quiet: 2d, keep: 1h}
    summary: "{{distinct(reporter)}} people"
  - id: slow-case
    kind: absence
    from: [grid, cityops, police110, hotline12345, mediation, visit]
    key: [case, stage]
    after: kind == "transition" && stage in ["accepted", "assigned"]
    expect: stage in ["processing", "feedback", "closed", "returned"]
    within: 5h
    severity: {orange: elapsed >= 3.0, yellow: elapsed >= 1.0, blue: elapsed >= 0.8}
    summary: "due {{due_at:datetime}}"
"""
