/** A file as text: by the build's plugin (.config/build.mjs), and by Vite in tests. */
declare module '*?raw' {
  const text: string
  export default text
}
