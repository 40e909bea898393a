{% test seamless_versions(model, key, valid_from='valid_from', valid_to='valid_to') %}

    {# Fails when a version of one key overlaps the next, leaves a gap, or is empty, #}
    {# or when not exactly one of them, the last, holds until the end of time. #}
    with

    versions as (

        select
            {{ key }} as version_of,
            {{ valid_from }} as held_from,
            {{ valid_to }} as held_to,
            lead({{ valid_from }}) over (
                partition by {{ key }} order by {{ valid_from }}, {{ valid_to }}
            ) as next_held_from
        from {{ model }}

    )

    select * from versions
    where
        held_from >= held_to
        or held_to <> coalesce(next_held_from, {{ end_of_time() }})

{% endtest %}
