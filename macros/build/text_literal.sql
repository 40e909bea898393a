{% macro text_literal(text) %}
    {{ return(adapter.dispatch('text_literal', 'firn')(text)) }}
{% endmacro %}

{% macro duckdb__text_literal(text) %}
    {{ return("'" ~ text | replace("'", "''") ~ "'") }}
{% endmacro %}

{% macro spark__text_literal(text) %}
    {#- A backslash escapes what follows it. -#}
    {{ return("'" ~ text | replace('\\', '\\\\') | replace("'", "''") ~ "'") }}
{% endmacro %}
