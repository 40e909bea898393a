{% macro loaded_since_last_build(columns) %}
    {%- if is_incremental() -%}
        {%- set newest = columns[0] -%}
        {%- if columns | length > 1 -%}
            {%- set newest = 'greatest(' ~ (columns | join(', ')) ~ ')' -%}
        {%- endif -%}
        {{ newest }} > (
            select coalesce(max(_loaded_at), {{ start_of_time() }})
            from {{ this }}
        )
    {%- else -%}
        true
    {%- endif -%}
{% endmacro %}
