{% macro spark__listagg(measure, delimiter_text, order_by_clause, limit_num) %}
    {#- dbt-spark's own warns, and forgets the order. -#}
    {%- set within = 'within group (' ~ order_by_clause ~ ')' if order_by_clause else '' -%}
    {%- if limit_num -%}
        {#- LISTAGG knows no limit: take its result apart at a character of no text. -#}
        array_join(
            slice(
                split(listagg({{ measure }}, char(31)) {{ within }}, char(31)),
                1,
                {{ limit_num }}
            ),
            {{ delimiter_text }}
        )
    {%- else -%}
        listagg({{ measure }}, {{ delimiter_text }}) {{ within }}
    {%- endif -%}
{% endmacro %}
