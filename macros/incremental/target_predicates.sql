{% macro target_predicates(delta, keys, columns) %}
    {% set predicates = [] %}
    {#- Equal keys lie between the delta's bounds, so this never loses a match. The same
        holds for other columns only where the model says that they never change. -#}
    {% set stable = keys + string_list(config.get('immutable_columns')) %}
    {% for bound in column_bounds(delta, stable, columns) %}
        {% set column = quoted_columns([bound.name], 'DBT_INTERNAL_DEST.')[0] %}
        {% do predicates.append(column ~ ' >= ' ~ bound.low) %}
        {% do predicates.append(column ~ ' <= ' ~ bound.high) %}
    {% endfor %}
    {% for predicate in string_list(config.get('incremental_predicates') or config.get('predicates')) %}
        {% do predicates.append('(' ~ predicate ~ ')') %}
    {% endfor %}
    {{ return(predicates) }}
{% endmacro %}
