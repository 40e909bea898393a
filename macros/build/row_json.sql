{% macro row_json(columns) %}
    {{ return(adapter.dispatch('row_json', 'firn')(columns)) }}
{% endmacro %}

{% macro duckdb__row_json(columns) %}
    {{ return('to_json(' ~ ('checked' if columns is none
        else 'struct_pack(' ~ columns | join(', ') ~ ')') ~ ')') }}
{% endmacro %}

{% macro spark__row_json(columns) %}
    {{ return('to_json(struct(' ~ ('checked.*' if columns is none
        else columns | join(', ')) ~ '))') }}
{% endmacro %}
