// The generator's own theme, with room for tables of six columns.
import DefaultTheme from 'vitepress/theme';
import './wide-tables.css';

export default DefaultTheme;
