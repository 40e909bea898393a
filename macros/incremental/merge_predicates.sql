{% macro merge_predicates(delta, keys, columns) %}
    {% set source, dest = 'DBT_INTERNAL_SOURCE.', 'DBT_INTERNAL_DEST.' %}
    {% set predicates = [] %}
    {% for column in quoted_columns(keys) %}
        {% do predicates.append(source ~ column ~ ' = ' ~ dest ~ column) %}
    {% endfor %}
    {#- Equal keys lie between the delta's bounds, so this never loses a match. The same
        holds for other columns only where the model says that they never change. -#}
    {% set stable = keys + string_list(config.get('immutable_columns')) %}
    {% for bound in column_bounds(delta, stable, columns) %}
        {% set column = quoted_columns([bound.name], dest)[0] %}
        {% do predicates.append(column ~ ' >= ' ~ bound.low) %}
        {% do predicates.append(column ~ ' <= ' ~ bound.high) %}
    {% endfor %}
    {% for predicate in string_list(config.get('incremental_predicates') or config.get('predicates')) %}
        {% do predicates.append('(' ~ predicate ~ ')') %}
    {% endfor %}
    {{ return(predicates) }}
{% endmacro %}
