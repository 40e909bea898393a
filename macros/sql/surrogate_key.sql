{% macro surrogate_key(columns) %}
    {%- if columns is string or not columns -%}
        {{ exceptions.raise_compiler_error(
            "surrogate_key expected a list of columns but received '" ~ columns
            ~ "'. Write surrogate_key(['column'])."
        ) }}
    {%- endif -%}
    {# each part says how long it is, so that no two lists of parts read the same #}
    md5(
        {%- for column in columns -%}
            {%- set text = 'cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')' -%}
            coalesce(
                cast(length({{ text }}) as {{ dbt.type_string() }}) || ':' || {{ text }},
                '-'
            )
            {%- if not loop.last %} || {% endif -%}
        {%- endfor -%}
    )
{%- endmacro %}
