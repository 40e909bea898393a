{% macro latest_by_key(relation, keys) %}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ keys | join(', ') }}
                order by _loaded_at desc, _source_file desc, _row_number desc
            ) as _recency
        from {{ relation }}
    ) as ranked
    where _recency = 1
{% endmacro %}
