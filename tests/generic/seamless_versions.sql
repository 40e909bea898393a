{# Fails when a version overlaps the next one of its key, leaves a gap before it, or is
   empty, or when the last one does not hold until the end of time. #}
{% test seamless_versions(model, key, valid_from='valid_from', valid_to='valid_to') %}

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
