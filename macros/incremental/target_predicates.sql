{% macro target_predicates(bounds) %}
    {% set predicates = [] %}
    {% for bound in bounds %}
        {% set column = quoted_columns([bound.name], 'DBT_INTERNAL_DEST.')[0] %}
        {% do predicates.append(column ~ ' >= ' ~ bound.low) %}
        {% do predicates.append(column ~ ' <= ' ~ bound.high) %}
    {% endfor %}
    {% for predicate in string_list(config.get('incremental_predicates') or config.get('predicates')) %}
        {% do predicates.append('(' ~ predicate ~ ')') %}
    {% endfor %}
    {{ return(predicates) }}
{% endmacro %}
