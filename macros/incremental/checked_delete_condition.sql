{% macro checked_delete_condition(delta) %}
    {% set deleted = config.get('merge_delete_condition') or '' %}
    {% if deleted %}
        {#- A condition that makes no sense shall fail before the table changes. -#}
        {% do run_query('select 1 from ' ~ delta ~ ' as DBT_INTERNAL_SOURCE where ('
            ~ deleted ~ ') limit 0') %}
    {% endif %}
    {{ return(deleted) }}
{% endmacro %}
