{% macro merge_predicates(keys, bounds) %}
    {% set source, dest = 'DBT_INTERNAL_SOURCE.', 'DBT_INTERNAL_DEST.' %}
    {% set predicates = [] %}
    {% for column in quoted_columns(keys) %}
        {% do predicates.append(source ~ column ~ ' = ' ~ dest ~ column) %}
    {% endfor %}
    {% for bound in bounds %}
        {% set column = quoted_columns([bound.name], dest)[0] %}
        {% do predicates.append(column ~ ' >= ' ~ bound.low) %}
        {% do predicates.append(column ~ ' <= ' ~ bound.high) %}
    {% endfor %}
    {% for predicate in string_list(config.get('incremental_predicates') or config.get('predicates')) %}
        {% do predicates.append('(' ~ predicate ~ ')') %}
    {% endfor %}
    {{ return(predicates) }}
{% endmacro %}
