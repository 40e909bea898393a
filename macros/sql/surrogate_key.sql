{% macro surrogate_key(columns) %}
    {%- if columns is string or not columns -%}
        {{ exceptions.raise_compiler_error(
            "surrogate_key expected a list of columns but received '" ~ columns
            ~ "'. Write surrogate_key(['column'])."
        ) }}
    {%- endif -%}
    md5(
        {%- for column in columns -%}
            coalesce(cast({{ column }} as {{ dbt.type_string() }}), '_null_')
            {%- if not loop.last %} || '|' || {% endif -%}
        {%- endfor -%}
    )
{%- endmacro %}
