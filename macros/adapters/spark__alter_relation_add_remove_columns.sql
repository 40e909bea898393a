{% macro spark__alter_relation_add_remove_columns(relation, add_columns, remove_columns) %}
    {#- dbt-spark refuses to drop columns, which Iceberg can. -#}
    {% set added, removed = [], [] %}
    {% for column in add_columns or [] %}
        {% do added.append(column.quoted ~ ' ' ~ column.data_type) %}
    {% endfor %}
    {% for column in remove_columns or [] %}
        {% do removed.append(column.quoted) %}
    {% endfor %}
    {% if added %}
        {% do run_query('alter table ' ~ relation ~ ' add columns ' ~ added | join(', ')) %}
    {% endif %}
    {% if removed %}
        {% do run_query('alter table ' ~ relation ~ ' drop columns ' ~ removed | join(', ')) %}
    {% endif %}
{% endmacro %}
