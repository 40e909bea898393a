{% macro latest_by_key(relation, keys, changed_at=none) %}
    select *
    from (
        select
            *,
            row_number() over (
                partition by {{ keys | join(', ') }}
                order by
                    {% if changed_at is not none -%}
                        {{ changed_at }} desc,
                    {% endif -%}
                    _loaded_at desc, _source_file desc, _row_number desc
            ) as _recency
        from {{ relation }}
    ) as ranked
    where _recency = 1
{% endmacro %}
