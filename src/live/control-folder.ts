/** Name of the folder, below the base, in which everything of serve8008's own lies. */
export const controlFolder = '__serve8008/'
