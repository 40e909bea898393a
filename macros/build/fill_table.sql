{% macro fill_table(relation, sql, sort_by) %}
    {% call statement('fill', fetch_result=True, auto_begin=False) %}
        insert into {{ relation }} by name
        select * from (
            {{ sql }}
        ) as filling
        {% if sort_by %}order by {{ sort_by | join(', ') }}{% endif %}
    {% endcall %}
    {{ return(load_result('fill').data[0][0]) }}
{% endmacro %}
