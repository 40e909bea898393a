{% macro versions_by_key(relation, keys, changed_at, attributes) %}
    {# a row sent again unchanged is no version; nor is one replaced at the same time #}
    {%- set partition = keys | join(', ') %}
    {%- set arrival = changed_at ~ ', _loaded_at, _source_file, _row_number' %}
    select *
    from (
        select
            *,
            lead({{ changed_at }}) over (
                partition by {{ partition }} order by {{ arrival }}
            ) as _next_changed_at
        from (
            select
                *,
                lag(_content) over (
                    partition by {{ partition }} order by {{ arrival }}
                ) as _content_before
            from (
                select
                    *,
                    {{ surrogate_key(attributes) }} as _content
                from {{ relation }}
            ) as sent
        ) as compared
        where _content_before is null or _content_before <> _content
    ) as changed
    where _next_changed_at is null or _next_changed_at > {{ changed_at }}
{% endmacro %}
