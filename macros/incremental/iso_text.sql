{% macro iso_text(column, type) %}
    {% if type not in ['TIMESTAMP', 'TIMESTAMP WITH TIME ZONE'] %}
        {{ return('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')') }}
    {% endif %}
    {% set offset = '+00:00' if type == 'TIMESTAMP WITH TIME ZONE' else '' %}
    {{ return(adapter.dispatch('iso_text', 'firn')(column, offset)) }}
{% endmacro %}

{% macro duckdb__iso_text(column, offset) %}
    {{ return("strftime(" ~ column ~ ", '%Y-%m-%dT%H:%M:%S.%f" ~ offset ~ "')") }}
{% endmacro %}

{% macro spark__iso_text(column, offset) %}
    {{ return("concat(date_format(" ~ column ~ ", 'yyyy-MM-dd\\'T\\'HH:mm:ss.SSSSSS'), '" ~ offset ~ "')") }}
{% endmacro %}
