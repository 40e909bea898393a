{% macro example_of(row) %}
    {#- A row for an error's text, which logs keep: not of people. -#}
    {% if personal_columns() %}
        {{ return('(not shown: it has personal data)') }}
    {% endif %}
    {{ return(row) }}
{% endmacro %}
